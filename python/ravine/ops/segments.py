"""Values gathered by number: sums, products and extremes of segments, and updates at scattered places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import math, shapes, slicing
from ravine.ops import reduction as reductions
from ravine.ops._dtypes import common, is_there, shape_of, tag
from ravine.ops.tracing import apply


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The sums of the rows of `data` that have the same number; rows whose number is out of range do not count.

    `num_segments` is needed while a function is traced.
    """
    return _scattered_sum(segment_ids, data, _number("segment_sum", segment_ids, num_segments))


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest values of the rows of `data` that have the same number, as `segment_sum`; -inf (of integers, the
    lowest) where there are none. Equal ones share the gradient. Each row meets each segment: for not too many."""
    lowest = -(2**31) if tag(data) == "int32" else float("-inf")
    return _by_segment(reductions.max, lowest, data, segment_ids, _number("segment_max", segment_ids, num_segments))


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest values, as `segment_max`"""
    highest = 2**31 - 128 if tag(data) == "int32" else float("inf")  # what float32 has next to 2**31
    return _by_segment(reductions.min, highest, data, segment_ids, _number("segment_min", segment_ids, num_segments))


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The products, as `segment_max`; 1 where there are none"""
    return _by_segment(reductions.prod, 1, data, segment_ids, _number("segment_prod", segment_ids, num_segments))


def _number(what: str, segment_ids: Any, num_segments: int | None) -> int:
    if num_segments is not None:
        return int(num_segments)
    if not is_there(segment_ids):
        raise ValueError(f"ops.{what}: expected `num_segments`: while a function is traced no number is known.")
    return int(np.max(np.asarray(segment_ids), initial=-1)) + 1


def _scattered_sum(ids: Any, rows: Any, count: int) -> Any:
    # What is out of range goes to one more row: no index must be without a row when the gradient is gathered.
    beyond = math.logical_or(math.less(ids, 0), math.greater_equal(ids, count))
    ids = math.where(beyond, count, ids)
    return slicing.getitem(apply("scatter_add", [ids, rows], {"rows": count + 1}, common(rows)), slice(0, count))


def _by_segment(reduce: Callable, neutral: float, data: Any, ids: Any, count: int) -> Any:
    sizes = shape_of(data)
    if not count:
        return shapes.zeros((0, *sizes[1:]), tag(data))
    hits = shapes.reshape(shapes.one_hot(ids, count), [sizes[0], count, *[1] * (len(sizes) - 1)])
    return reduce(math.where(hits, shapes.expand_dims(data, 1), neutral), 0)


def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros of a shape to which `values` are added at `indices`.

    Args:
        indices: shape (..., k): the places along the first k axes. Negative ones count from the end; what is beyond an
            end does not count.
        values: shape (..., *shape[k:]).
    """
    ids, count, _ = _flat("scatter", indices, shape)
    return shapes.reshape(_scattered_sum(ids, shapes.convert_to_tensor(values), count), shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """`inputs` with `updates` at `indices`, whose shapes are as in `scatter`.

    Args:
        reduction: what becomes of the old value and of all updates of one place: None (the last update stays), ``add``,
            ``max``, ``min`` or ``mul``. The last three look at each place for each update: for small `inputs`.
    """
    kind = reduction.lower() if reduction is not None else None
    if kind not in (None, "add", "max", "min", "mul"):
        raise ValueError(f"ops.scatter_update: expected None, 'add', 'max', 'min' or 'mul', received {reduction!r}.")
    sizes = shape_of(inputs)
    ids, count, rest = _flat("scatter_update", indices, sizes)
    inner = sizes[len(sizes) - rest :]
    ids = shapes.ravel(ids)
    rows = shapes.broadcast_to(shapes.convert_to_tensor(updates), (*shape_of(indices)[:-1], *inner))
    rows = shapes.reshape(rows, (*shape_of(ids), *inner))
    table = shapes.reshape(inputs, (count, *inner))
    if kind is None:
        ids = _without_repetition(ids)
        hit = _scattered_sum(ids, shapes.ones_like(ids), count)
        hit = shapes.reshape(hit, (count, *[1] * rest))
        result = math.where(hit, _scattered_sum(ids, rows, count), table)
    else:
        meet, gathered = {
            "add": (math.add, segment_sum),
            "max": (math.maximum, segment_max),
            "min": (math.minimum, segment_min),
            "mul": (math.multiply, segment_prod),
        }[kind]
        result = meet(table, gathered(rows, ids, count))
    result = shapes.reshape(result, sizes)
    return result if tag(result) == tag(inputs) else shapes.cast(result, tag(inputs))


def _flat(what: str, indices: Any, sizes: Sequence) -> tuple[Any, int, int]:
    """The places as single numbers, -1 for those that are not there; how many there are; and how many axes are left."""
    indices = shapes.convert_to_tensor(indices)
    depth = shape_of(indices)[-1] if shape_of(indices) else 0
    if None in sizes or not 0 < (depth or 0) <= len(sizes):
        raise ValueError(
            f"ops.{what}: expected indices of shape (..., k) for a fixed shape of k axes or more, received "
            f"{shape_of(indices)} for {tuple(sizes)}."
        )
    count = prod(sizes[:depth])
    if count > 2**24:
        raise ValueError(f"ops.{what}: {count} places cannot be told apart in float32; at most 2**24 can.")
    ids: Any = 0
    valid: Any = True
    for axis, extent in enumerate(sizes[:depth]):
        place = slicing.getitem(indices, (..., axis))
        place = math.where(math.less(place, 0), math.add(place, extent), place)
        inside = math.logical_and(math.greater_equal(place, 0), math.less(place, extent))
        ids, valid = math.add(math.multiply(ids, extent), place), math.logical_and(valid, inside)
    return math.where(valid, ids, -1), count, len(sizes) - depth


def _without_repetition(ids: Any) -> Any:
    """-1 for all but the last of equal numbers."""
    count = shape_of(ids)[0]
    if count is None:
        raise ValueError("ops.scatter_update: the batch has no order, so that none of its updates is the last one.")
    if isinstance(ids, np.ndarray):
        last = count - 1 - np.unique(ids[::-1], return_index=True)[1]
        return np.where(np.isin(np.arange(count), last), ids, -1)
    later = np.triu(np.ones((count, count), bool), 1)
    same = math.equal(shapes.expand_dims(ids, 1), shapes.expand_dims(ids, 0))
    return math.where(reductions.any(math.logical_and(same, later), 1), -1, ids)


def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Any, ...]:
    """The places along each axis, as int32, of places in a row. Negative ones count from the end; those beyond an end
    become the outermost, as in Keras on JAX."""
    total = prod(shape)
    indices = math.where(math.less(indices, 0), math.add(indices, total), indices)
    rest = math.minimum(math.maximum(indices, 0), total - 1)
    places = []
    for extent in reversed(shape):
        places.append(math.mod(rest, extent))
        rest = math.floor_divide(rest, extent)
    return tuple(reversed(places))
