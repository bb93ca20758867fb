"""Choosing elements: by index, by rank, by order."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import math, reduction, shapes, slicing
from ravine.ops._dtypes import axis_of, is_there, shape_of, tag
from ravine.ops.tracing import SymbolicTensor, apply
from ravine.tensor import KerasTensor, as_tensor


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The parts of `x` at `indices` along `axis` (None: of all values in a row); negative ones count from the end.

    Indices beyond the end raise ValueError when the numbers are there.
    """
    if axis is None:
        x, axis = shapes.ravel(x), 0
    sizes = shape_of(x)
    axis = axis_of(axis, len(sizes))
    if sizes[axis] is None:
        raise ValueError(f"ops.take: the batch cannot be selected from, received shape {sizes} and axis {axis}.")
    indices = _from_the_front(indices, sizes[axis])
    if sizes[0] is not None:
        taken = apply("gather", [shapes.moveaxis(x, axis, 0), indices], None, tag(x))
        return _moved_in(taken, len(shape_of(indices)), axis)
    chosen = shape_of(indices)
    if None in chosen:
        raise ValueError(
            f"ops.take: either the tensor or the indices may have the batch, received shapes {sizes} and {chosen}; "
            "see ops.take_along_axis."
        )
    x = shapes.moveaxis(x, axis, -1)
    if isinstance(x, KerasTensor):  # whose batch can only be had from the tensor itself
        flat = math.add(shapes.zeros_like(slicing.getitem(x, (..., slice(0, 1)))), shapes.ravel(indices))
    else:
        flat = shapes.broadcast_to(shapes.ravel(indices), (*sizes[:axis], *sizes[axis + 1 :], prod(chosen)))
    taken = shapes.moveaxis(apply("take_along", [x, flat], None, tag(x)), -1, axis)
    return shapes.reshape(taken, (*sizes[:axis], *chosen, *sizes[axis + 1 :]))


def _moved_in(x: Any, count: int, axis: int) -> Any:
    """The first `count` axes moved to `axis`."""
    rank = len(shape_of(x))
    order = [*range(count, count + axis), *range(count), *range(count + axis, rank)]
    return shapes.transpose(x, order)


def _from_the_front(indices: Any, extent: int) -> Any:
    if not is_there(indices):
        return math.where(math.less(indices, 0), math.add(indices, extent), indices)
    indices = np.asarray(indices)
    return np.where(indices < 0, indices + extent, indices)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements at `indices`, which has the shape of `x` but along `axis`"""
    if axis is None:
        return take_along_axis(shapes.ravel(x), shapes.ravel(indices), 0)
    sizes, chosen = shape_of(x), shape_of(indices)
    axis = axis_of(axis, len(sizes))
    if len(chosen) != len(sizes) or sizes[axis] is None:
        raise ValueError(f"ops.take_along_axis: indices of shape {chosen} do not fit shape {sizes} at axis {axis}.")
    both = [a if k == axis or a == b or b == 1 else b for k, (a, b) in enumerate(zip(sizes, chosen, strict=True))]
    indices = _from_the_front(indices, sizes[axis])
    x = shapes.broadcast_to(x, both) if tuple(both) != tuple(sizes) else x
    wanted = [*both[:axis], chosen[axis], *both[axis + 1 :]]
    indices = shapes.broadcast_to(indices, wanted) if wanted != list(chosen) else indices
    picked = apply("take_along", [shapes.moveaxis(x, axis, -1), shapes.moveaxis(indices, axis, -1)], None, tag(x))
    return shapes.moveaxis(picked, -1, axis)


def argsort(x: Any, axis: int | None = -1) -> Any:
    """The indices that would sort along `axis` in ascending order, as int32; equal values keep their order."""
    if axis is None:
        x, axis = shapes.ravel(x), 0
    x, axis = _last(x, axis)
    return shapes.moveaxis(_order(x, shape_of(x)[-1], False), -1, axis)


def sort(x: Any, axis: int | None = -1) -> Any:
    """The values along `axis` in ascending order, NaN last. The gradient goes to where each value came from."""
    if axis is None:
        x, axis = shapes.ravel(x), 0
    x, axis = _last(x, axis)
    ordered = apply("take_along", [x, _order(x, shape_of(x)[-1], False)], None, tag(x))
    return shapes.moveaxis(ordered, -1, axis)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest values along the last axis, the largest first, and their indices (int32)"""
    x, _ = _last(x, -1)
    if not 0 <= k <= shape_of(x)[-1]:
        raise ValueError(f"ops.top_k: expected k from 0 to the last axis of shape {shape_of(x)}, received {k}.")
    indices = _order(x, int(k), True)
    return apply("take_along", [x, indices], None, tag(x)), indices


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether fewer than k classes are predicted higher than the target: shape (batch,) of bool. False where the
    target's own prediction, or a class index, makes no sense."""
    classes = shape_of(predictions)[-1]
    hit = shapes.one_hot(targets, classes)
    own = reduction.sum(math.where(hit, predictions, 0.0), -1, True)
    above = reduction.sum(math.greater(predictions, own), -1)
    valid = math.logical_and(reduction.any(hit, -1), math.isfinite(shapes.squeeze(own, -1)))
    return math.logical_and(valid, math.less(above, k))


def _last(x: Any, axis: int) -> tuple[Any, int]:
    """The axis moved to the end, and where it was."""
    sizes = shape_of(x)
    if not sizes:
        raise ValueError("Expected a tensor with at least one axis to order, received a scalar.")
    axis = axis_of(axis, len(sizes))
    if sizes[axis] is None:
        raise ValueError(
            f"The batch cannot be put in order, since its size is free while a function is traced; received shape "
            f"{sizes} and axis {axis}."
        )
    return shapes.moveaxis(x, axis, -1), axis


def _order(x: Any, count: int, descending: bool) -> Any:
    return apply("argsort", [x], {"count": count, "descending": int(descending)}, "int32")


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:
    """Which classes occur in each sample, as zeros and ones: shape (batch, n) -> (batch, num_classes). Of a vector,
    which occur in it; of more axes, which occur along axis 1 of the `one_hot` encoding with its classes at `axis`."""
    if num_classes is None:
        raise ValueError("ops.multi_hot: expected `num_classes`.")
    hits = shapes.one_hot(inputs, num_classes, axis, dtype)
    rank = len(shape_of(inputs))
    return reduction.max(hits, min(rank - 1, 1)) if rank else hits


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The choice of the first condition that holds, else the default"""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = math.where(condition, choice, result)
    return result


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each value of x1 is among those of x2"""
    found = reduction.any(math.equal(shapes.expand_dims(x1, -1), shapes.ravel(x2)), -1)
    return math.logical_not(found) if invert else found


def nonzero(x: Any) -> tuple[Any, ...]:
    """The indices of what is not 0, one array for each axis. How many there are depends on the numbers, so that it
    cannot be traced."""
    if isinstance(x, SymbolicTensor):
        raise NotImplementedError(
            "ops.nonzero cannot be traced: the size of its result would depend on the numbers. Use ops.where with two "
            "choices, or multiply with a mask."
        )
    return tuple(as_tensor(places.astype(np.int32)) for places in np.nonzero(np.asarray(x)))


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where in an ascending sequence the values belong, as int32: before equal ones (``left``) or behind them."""
    if len(shape_of(sorted_sequence)) != 1 or side not in ("left", "right"):
        raise ValueError(
            f"ops.searchsorted: expected a sequence of rank 1 and side 'left' or 'right', received shape "
            f"{shape_of(sorted_sequence)} and side {side!r}."
        )
    beyond = math.less if side == "left" else math.less_equal
    return shapes.cast(reduction.sum(beyond(sorted_sequence, shapes.expand_dims(values, -1)), -1), "int32")


def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Indices that put the value of rank `kth` in its place along `axis`, smaller ones before and larger ones behind
    it, as int32: those of `argsort`"""
    return argsort(x, axis)
