"""Parts of tensors and tensors made of parts: indexing, slices, joins, padding, repetition.

While a function is traced the free batch stays in front and whole: it can be neither cut nor joined nor repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine.ops import math, shapes
from ravine.ops._dtypes import axis_of, common, listed, shape_of, tag
from ravine.ops.tracing import apply, current
from ravine.tensor import as_tensor
from ravine.variable import Variable

_MOST_OPERANDS = 8  # of one node of the engine


def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` for integers, slices, None and Ellipsis, as NumPy has it."""
    items = index if isinstance(index, tuple) else (index,)
    sizes = shape_of(x)
    for item in items:
        fits = item is None or item is Ellipsis or isinstance(item, (slice, int, np.integer))
        if not fits or isinstance(item, (bool, np.bool_)):
            raise TypeError(
                f"A tensor of shape {sizes} can be indexed with integers, slices, None and ..., received {item!r}. "
                "Use ops.take for a list or tensor of indices, ops.where or a product for a mask."
            )
    named = sum(item is not None and item is not Ellipsis for item in items)
    if items.count(Ellipsis) > 1 or named > len(sizes):
        raise IndexError(f"Too many indices for a tensor of shape {sizes}, received {index!r}.")
    rest = [slice(None)] * (len(sizes) - named)
    at = items.index(Ellipsis) if Ellipsis in items else len(items)
    items = (*items[:at], *rest, *items[at + 1 :])

    begin: list[int] = []
    size: list[int | None] = []
    step: list[int] = []
    new: list[int | None] = []
    for item in items:
        if item is None:
            new.append(1)
            continue
        axis = len(begin)
        extent = sizes[axis]
        if extent is None:
            if item != slice(None):
                raise TypeError(
                    f"The batch of a tensor of shape {sizes} must stay whole: write ':' in front, received {item!r}."
                )
            first, count, by = 0, None, 1
            new.append(None)
        elif isinstance(item, slice):
            places = range(*item.indices(extent))
            first, count, by = (places.start if len(places) else 0), len(places), places.step
            new.append(count)
        else:
            if not -extent <= item < extent:
                raise IndexError(f"Index {item} is out of range for axis {axis} of a tensor of shape {sizes}.")
            first, count, by = int(item) % extent, 1, 1
        begin.append(first)
        size.append(count)
        step.append(by)
    if new[1:].count(None) or (None in sizes and new[:1] != [None]):
        raise TypeError(f"The batch of a tensor of shape {sizes} must stay in front, received {index!r}.")
    part = _window(x, begin, size, step)
    return part if list(shape_of(part)) == new else shapes.reshape(part, new)


def _window(x: Any, begin: Sequence[int], size: Sequence[int | None], step: Sequence[int]) -> Any:
    if tuple(size) == shape_of(x) and not any(begin) and all(by == 1 for by in step):
        return shapes.convert_to_tensor(x)
    whole = [-1 if count is None else count for count in size]
    return apply("slice", [x], {"begin": list(begin), "size": whole, "step": list(step)}, tag(x))


def slice_(inputs: Any, start_indices: Sequence[int], shape: Sequence[int | None]) -> Any:
    """The part of the given shape that begins at `start_indices`; for the batch: 0 and None (or -1)."""
    sizes = shape_of(inputs)
    begin = [int(i) for i in start_indices]
    size = [full if n in (None, -1) else int(n) for n, full in zip(shape, sizes, strict=True)]
    return _window(inputs, begin, size, [1] * len(sizes))


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors one behind the other along `axis`, their other sizes being the same. The batch cannot be joined."""
    xs = list(xs)
    if not xs:
        raise ValueError("ops.concatenate: expected one tensor or more, received none.")
    first = shape_of(xs[0])
    axis = axis_of(axis, len(first))
    for x in xs:
        sizes = shape_of(x)
        if len(sizes) != len(first) or sizes[:axis] + sizes[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError(
                f"ops.concatenate: expected shapes that differ at axis {axis} only, received "
                f"{', '.join(str(shape_of(x)) for x in xs)}."
            )
        if sizes[axis] is None:
            raise ValueError(
                f"ops.concatenate: the batch cannot be joined, since its size is free while a function is traced; "
                f"received shape {sizes} and axis {axis}."
            )
    dtype = "bool" if {tag(x) for x in xs} == {"bool"} else common(*xs)
    while len(xs) > 1:
        xs = [_joined(xs[i : i + _MOST_OPERANDS], axis, dtype) for i in range(0, len(xs), _MOST_OPERANDS)]
    return shapes.convert_to_tensor(xs[0])


def _joined(xs: list[Any], axis: int, dtype: str) -> Any:
    return xs[0] if len(xs) == 1 else apply("concatenate", xs, {"axis": axis}, dtype)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape along a new dimension at `axis`, behind the batch of traced tensors"""
    for shape in map(shape_of, x):
        if shape[:1] == (None,) and axis in (0, -len(shape) - 1):
            raise ValueError(
                f"ops.stack: the batch of {shape} must stay in front; stack along axis 1 or -1 instead of 0."
            )
    return concatenate([shapes.expand_dims(one, axis) for one in x], axis)


def get_item(x: Any, key: Any) -> Any:
    """``x[key]``"""
    part = x[key] if hasattr(x, "shape") else np.asarray(x)[key]
    return as_tensor(np.asarray(part)) if isinstance(part, (np.ndarray, np.generic)) else part


def slice_update(inputs: Any, start_indices: Sequence[int], updates: Any) -> Any:
    """`inputs` with the part that begins at `start_indices` replaced by `updates`, which has its shape"""
    sizes, part = shape_of(inputs), shape_of(updates)
    begin = [int(i) for i in start_indices]
    attrs = {"shape": [-1 if n is None else n for n in sizes], "begin": begin, "step": [1] * len(sizes)}
    placed = apply("place", [updates], attrs, tag(updates))
    inside = np.zeros([1 if n is None else n for n in sizes], bool)
    inside[tuple(slice(a, None if n is None else a + n) for a, n in zip(begin, part, strict=True))] = True
    return math.where(inside, placed, inputs)


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Any:
    """Elements added around: `pad_width` gives (before, after) for each axis, or one pair or number for all.

    Args:
        mode: ``constant`` (with `constant_values`, by default 0), ``edge``, ``reflect``, ``symmetric`` or ``wrap``,
            as np.pad.
    """
    sizes = shape_of(x)
    width = np.asarray(pad_width)
    widths = np.broadcast_to(width, (len(sizes), 2)) if width.ndim < 2 or width.shape[0] == 1 else width
    if widths.shape != (len(sizes), 2) or (widths < 0).any():
        raise ValueError(f"ops.pad: expected a pair of sizes for each axis of shape {sizes}, received {pad_width!r}.")
    pairs = [(int(a), int(b)) for a, b in widths]
    if None in sizes and pairs[0] != (0, 0):
        raise ValueError(f"ops.pad: the batch of shape {sizes} cannot be padded, received {pad_width!r}.")
    if mode != "constant":
        if constant_values is not None:
            raise ValueError(f"ops.pad: `constant_values` has no meaning with mode {mode!r}.")
        return _padded_with_itself(x, pairs, mode)
    if not any(a or b for a, b in pairs):
        return shapes.convert_to_tensor(x)
    whole = [-1 if n is None else n + a + b for n, (a, b) in zip(sizes, pairs, strict=True)]
    begin = [a for a, _ in pairs]
    value = 0.0 if constant_values is None else float(constant_values)
    placed = apply("place", [x], {"shape": whole, "begin": begin, "step": [1] * len(sizes)}, tag(x))
    if value == 0.0:
        return placed
    inside = np.zeros([1 if n == -1 else n for n in whole], bool)
    inside[tuple(slice(a, None if n is None else a + n) for n, a in zip(sizes, begin, strict=True))] = True
    return math.where(inside, placed, int(value) if tag(x) == "int32" and value == int(value) else value)


def _padded_with_itself(x: Any, pairs: list[tuple[int, int]], mode: str) -> Any:
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"ops.pad: expected mode constant, edge, reflect, symmetric or wrap, received {mode!r}.")
    for axis, (before, after) in enumerate(pairs):
        if not before and not after:
            continue
        extent = _fixed(shape_of(x), axis, "pad")
        order = np.pad(np.arange(extent), (before, after), mode)  # type: ignore[call-overload]
        x = concatenate([_between(x, axis, a, b, by) for a, b, by in _runs(order)], axis)
    return x


def _runs(order: np.ndarray) -> list[tuple[int, int, int]]:
    """A sequence of neighbouring places as ranges (begin, end, step)."""
    runs: list[list[int]] = []
    for place in (int(i) for i in order):
        last = runs[-1] if runs else []
        step = last[1] - last[0] if len(last) > 1 else place - last[0] if last else 0
        if abs(step) == 1 and place == last[-1] + step:
            last.append(place)
        else:
            runs.append([place])
    steps = [run[1] - run[0] if len(run) > 1 else 1 for run in runs]
    return [(run[0], run[-1] + step, step) for run, step in zip(runs, steps, strict=True)]


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Every element `repeats` times in a row along `axis` (None: of all in a row), or each a number of times of its
    own"""
    counts = listed(repeats)
    if axis is None:
        x, axis = shapes.ravel(x), 0
    sizes = shape_of(x)
    axis = axis_of(axis, len(sizes))
    extent = _fixed(sizes, axis, "repeat")
    if len(set(counts)) != 1:
        from ravine.ops import selection

        if len(counts) != extent:
            raise ValueError(f"ops.repeat: expected {extent} repeats for axis {axis} of {sizes}, received {repeats}.")
        return selection.take(x, np.repeat(np.arange(extent), counts), axis)
    times = counts[0]
    spread = shapes.broadcast_to(shapes.expand_dims(x, axis + 1), (*sizes[: axis + 1], times, *sizes[axis + 1 :]))
    return shapes.reshape(spread, (*sizes[:axis], extent * times, *sizes[axis + 1 :]))


def tile(x: Any, repeats: int | Sequence[int]) -> Any:
    """The whole tensor repeated that often along each of its last axes"""
    counts = listed(repeats)
    sizes = shape_of(x)
    if len(counts) > len(sizes):
        x = shapes.reshape(x, (1,) * (len(counts) - len(sizes)) + tuple(sizes))
        sizes = shape_of(x)
    counts = [1] * (len(sizes) - len(counts)) + counts
    for axis, count in enumerate(counts):
        if count == 1:
            continue
        extent = _fixed(sizes, axis, "tile")
        spread = shapes.broadcast_to(shapes.expand_dims(x, axis), (*sizes[:axis], count, *sizes[axis:]))
        sizes = (*sizes[:axis], count * extent, *sizes[axis + 1 :])
        x = shapes.reshape(spread, sizes)
    return shapes.convert_to_tensor(x)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along `axis`, taken `n` times"""
    axis = axis_of(axis, len(shape_of(a)))
    for _ in range(n):
        extent = _fixed(shape_of(a), axis, "diff")
        a = math.subtract(_between(a, axis, 1, extent), _between(a, axis, 0, max(extent - 1, 0)))
    return shapes.convert_to_tensor(a)


def _at(x: Any, axis: int, place: int) -> Any:
    return getitem(_traced(x), (*[slice(None)] * axis, place))


def _between(x: Any, axis: int, begin: int, end: int, step: int = 1) -> Any:
    stop = None if step < 0 and end < 0 else end
    return getitem(_traced(x), (*[slice(None)] * axis, slice(begin, stop, step)))


def _traced(x: Any) -> Any:
    return x.value if isinstance(x, Variable) and current() is not None else x


def _fixed(sizes: tuple, axis: int, what: str) -> int:
    if sizes[axis] is None:
        raise ValueError(
            f"ops.{what}: the batch must stay as it is, since its size is free while a function is traced; "
            f"received shape {sizes} and axis {axis}."
        )
    return int(sizes[axis])
