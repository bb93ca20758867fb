"""Reductions over axes. ``axis=None`` reduces over everything, the batch included."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import inf
from typing import Any

from ravine.ops import math, shapes, slicing
from ravine.ops._dtypes import axis_of, common, listed, shape_of, tag
from ravine.ops.tracing import apply


def sum(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The sum over `axis`"""
    return _reduce("sum", x, axis, keepdims, common(x))


def mean(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The mean over `axis`"""
    return _reduce("mean", x, axis, keepdims, "float32")


def max(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The largest value over `axis`, at least `initial`; equal ones share the gradient. Raises ValueError where there
    is none and no `initial`."""
    if initial is None:
        _check_some("max", x, axis)
    largest = _reduce("max", x, axis, keepdims, tag(x))
    return largest if initial is None else math.maximum(largest, initial)


def min(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The smallest value over `axis`, at most `initial`; equal ones share the gradient. Raises ValueError where there
    is none and no `initial`."""
    if initial is None:
        _check_some("min", x, axis)
    smallest = _reduce("min", x, axis, keepdims, tag(x))
    return smallest if initial is None else math.minimum(smallest, initial)


def _check_some(name: str, x: Any, axis: int | Sequence[int] | None) -> None:
    sizes = shape_of(x)
    if 0 not in (sizes[i] for i in axes_of(axis, len(sizes))):
        return
    if 0 in (size for i, size in enumerate(sizes) if i not in axes_of(axis, len(sizes))):
        return
    raise ValueError(f"ops.{name}: there are no values over axis {axis} of shape {sizes}.")


def amax(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """As `max`"""
    return max(x, axis, keepdims)


def amin(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """As `min`"""
    return min(x, axis, keepdims)


def ptp(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The largest value over `axis` minus the smallest"""
    return math.subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def prod(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product over `axis`"""
    product = _reduce("prod", x, axis, keepdims, common(x))
    return product if dtype is None else shapes.cast(product, dtype)


def nansum(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The sum over `axis` of what is not NaN"""
    return sum(_without_nan(x, 0.0), axis, keepdims)


def nanprod(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The product over `axis` of what is not NaN"""
    return prod(_without_nan(x, 1.0), axis, keepdims)


def nanmean(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The mean over `axis` of what is not NaN; NaN where nothing is"""
    return math.divide(nansum(x, axis, keepdims), sum(math.logical_not(math.isnan(x)), axis, keepdims))


def nanvar(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The variance over `axis` of what is not NaN, divided by its number"""
    gaps = math.where(math.isnan(x), 0.0, math.subtract(x, nanmean(x, axis, True)))
    count = sum(math.logical_not(math.isnan(x)), axis, keepdims)
    return math.divide(sum(math.square(gaps), axis, keepdims), count)


def nanstd(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The standard deviation over `axis` of what is not NaN"""
    return math.sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The largest value over `axis` that is not NaN; NaN where nothing is"""
    return _extreme_number(max, x, -inf, axis, keepdims)


def nanmin(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The smallest value over `axis` that is not NaN; NaN where nothing is"""
    return _extreme_number(min, x, inf, axis, keepdims)


def _without_nan(x: Any, instead: float) -> Any:
    return math.where(math.isnan(x), instead, x) if tag(x) == "float32" else x  # integers are always numbers


def _extreme_number(reduce: Any, x: Any, worst: float, axis: Any, keepdims: bool) -> Any:
    extreme = reduce(_without_nan(x, worst), axis, keepdims)
    if tag(x) != "float32":
        return extreme
    return math.where(min(math.isnan(x), axis, keepdims), float("nan"), extreme)


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether `isclose` holds everywhere"""
    return all(math.isclose(x1, x2, rtol, atol, equal_nan))


def any(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """Whether any value over `axis` is true; False where there are none"""
    # The greatest of no values is -infinity.
    return math.greater(_reduce("max", math.not_equal(x, 0), axis, keepdims, "float32"), 0)


def all(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """Whether all values over `axis` are true"""
    return _reduce("min", math.not_equal(x, 0), axis, keepdims, "bool")


def var(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The variance over `axis`, divided by N (not N - 1)"""
    return mean(math.square(math.subtract(x, mean(x, axis, True))), axis, keepdims)


def std(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The standard deviation over `axis`, divided by N (not N - 1)"""
    return math.sqrt(var(x, axis, keepdims))


def norm(
    x: Any, ord: float | str | None = None, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Any:
    """The length of vectors over an axis: `ord` is 2 by default, ``inf``, ``-inf``, 0 (how many are not 0) or the p of
    (sum |x|^p)^(1/p). Over two axes, or all axes of a matrix, the norm of matrices that `ord` names: ``"fro"``, or 1,
    -1, ``inf`` or ``-inf`` for the largest or smallest sum of a column (1) or row. Without `ord` the axes may be any.

    Raises:
        ValueError: for another `ord`, such as those of singular values, and for `ord` and more than two axes.
    """
    if ord in (None, "fro", "euclidean"):
        return math.sqrt(sum(math.square(x), axis, keepdims))
    rank = len(shape_of(x))
    axes = list(range(rank)) if axis is None else [axis_of(i, rank) for i in listed(axis)]
    if len(axes) > 2 or isinstance(ord, str) or (len(axes) == 2 and ord not in (1, -1, inf, -inf)):
        raise ValueError(
            f"ops.norm: expected a number, or for matrices 'fro', 1, -1, inf or -inf; received {ord!r} for shape "
            f"{shape_of(x)} and axis {axis}."
        )
    size = math.fabs(x)
    if len(axes) == 2:
        summed, compared = axes if ord in (1, -1) else axes[::-1]
        extreme = (max if ord > 0 else min)(sum(size, summed, True), compared, True)
        return extreme if keepdims else shapes.squeeze(extreme, axes)
    if ord in (inf, -inf):
        return (max if ord > 0 else min)(size, axis, keepdims)
    if ord == 0:
        return _reduce("sum", math.not_equal(x, 0), axis, keepdims, "float32")
    if ord == 1:
        return sum(size, axis, keepdims)
    if ord == 2:
        return math.sqrt(sum(math.square(x), axis, keepdims))
    return math.power(sum(math.power(size, float(ord)), axis, keepdims), 1 / float(ord))


def logsumexp(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow"""
    top = math.stop_gradient(_reduce("max", x, axis, True, "float32"))
    top = math.where(math.isfinite(top), top, 0.0)  # infinity less infinity would be NaN
    total = math.add(math.log(sum(math.exp(math.subtract(x, top)), axis, True)), top)
    return total if keepdims else sum(total, axis, False)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest value along `axis` (None: of all values in a row), as int32"""
    if axis is None:
        first = argmax(shapes.ravel(x), 0)
        return shapes.reshape(first, [1] * len(shape_of(x))) if keepdims else first
    axis = axis_of(axis, len(shape_of(x)))
    _check_some("argmax", x, axis)
    return apply("argmax", [x], {"axes": [axis], "axis": axis, "keepdims": int(keepdims)}, "int32")


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest value along `axis`, as int32"""
    _check_some("argmin", x, axis)
    return argmax(math.negative(x), axis, keepdims)


def average(x: Any, axis: int | Sequence[int] | None = None, weights: Any = None) -> Any:
    """The mean over `axis` with weights: of the shape of `x`, or one for each place along a single `axis`"""
    if weights is None:
        return mean(x, axis)
    rank = len(shape_of(x))
    if len(shape_of(weights)) == 1 and rank > 1:
        if not isinstance(axis, int):
            raise ValueError(f"ops.average: weights of rank 1 need a single axis, received {axis!r}.")
        weights = shapes.reshape(weights, (-1, *[1] * (rank - 1 - axis_of(axis, rank))))
    weights = math.add(weights, shapes.zeros_like(x))
    return math.divide(sum(math.multiply(x, weights), axis), sum(weights, axis))


def count_nonzero(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """How many elements over `axis` are not 0, as int32"""
    return _reduce("sum", math.not_equal(x, 0), axis, False, "int32")


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sum of what stands up to each place along `axis` (None: of all values in a row)"""
    return _scan("cumsum", x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The product of what stands up to each place along `axis` (None: of all values in a row)"""
    return _scan("cumprod", x, axis, dtype)


def _scan(op: str, x: Any, axis: int | None, dtype: Any) -> Any:
    if axis is None:
        x, axis = shapes.ravel(x), 0
    axis = axis_of(axis, len(shape_of(x)))
    if shape_of(x)[axis] is None:
        raise ValueError(f"ops.{op}: the batch is a set, not a sequence; received shape {shape_of(x)}, axis {axis}.")
    result = shapes.moveaxis(apply(op, [shapes.moveaxis(x, axis, -1)], None, common(x)), -1, axis)
    return result if dtype is None else shapes.cast(result, dtype)


def axes_of(axis: int | Sequence[int] | None, rank: int) -> list[int]:
    """`axis` as a list of axes in ascending order."""
    if axis is None:
        return list(range(rank))
    return sorted({axis_of(i, rank) for i in listed(axis)})


def _reduce(op: str, x: Any, axis: int | Sequence[int] | None, keepdims: bool, dtype: str) -> Any:
    axes = axes_of(axis, len(shape_of(x)))
    if not axes:
        return shapes.cast(x, dtype) if tag(x) != dtype else shapes.convert_to_tensor(x)
    # The engine reduces over neighbouring axes, so what lies apart takes several steps, the last axes first.
    while axes:
        run = [axes.pop()]
        while axes and axes[-1] == run[0] - 1:
            run.insert(0, axes.pop())
        if {shape_of(x)[i] for i in run} == {1} and tag(x) == dtype:  # a single value is its own sum, mean, ...
            x = shapes.convert_to_tensor(x) if keepdims else shapes.squeeze(x, run)
        else:
            x = apply(op, [x], {"axes": run, "keepdims": int(keepdims)}, dtype)
    return x


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumsum`, with 0 for NaN"""
    return cumsum(_without_nan(x, 0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumprod`, with 1 for NaN"""
    return cumprod(_without_nan(x, 1), axis, dtype)


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest value along `axis` that is not NaN, as int32; -1 where nothing is"""
    nothing = min(math.isnan(x), axis, keepdims)
    return math.where(nothing, -1, argmax(_without_nan(x, -inf), axis, keepdims))


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest value along `axis` that is not NaN, as int32; -1 where nothing is"""
    return nanargmax(math.negative(x), axis, keepdims)


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral of `y` along `axis` by the trapezoidal rule.

    Args:
        x: the places of the values, of the shape of `y` or a vector; None: they are `dx` apart.
    """
    sizes = shape_of(y)
    axis = axis_of(axis, len(sizes))
    extent = slicing._fixed(sizes, axis, "trapezoid")
    means = math.multiply(
        math.add(slicing._between(y, axis, 1, extent), slicing._between(y, axis, 0, builtins.max(extent - 1, 0))), 0.5
    )
    if x is None:
        return math.multiply(sum(means, axis), dx)
    if len(shape_of(x)) == 1:
        widths = shapes.reshape(slicing.diff(x), [-1, *[1] * (len(sizes) - axis - 1)])
    else:
        widths = slicing.diff(x, axis=axis)
    return sum(math.multiply(means, widths), axis)
