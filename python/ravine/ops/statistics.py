"""Quantiles, histograms, correlations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import linalg, math, ranges, rearrangement, reduction, shapes, slicing
from ravine.ops._dtypes import is_there, shape_of, tag
from ravine.ops.diagonals import diagonal
from ravine.ops.selection import searchsorted, sort, take_along_axis


def median(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The middle value over `axis`, or the mean of the two middle ones"""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def quantile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which the fractions `q` (numbers from 0 to 1) of the values over `axis` lie; NaN where one is.

    Args:
        method: between two values: ``linear``, ``lower``, ``higher``, ``midpoint`` or ``nearest``.
    """
    return _quantiles(_at_fraction, x, q, axis, method, keepdims)


def percentile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `quantile`, with `q` from 0 to 100"""
    return quantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def nanmedian(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """The median over `axis` of what is not NaN; NaN where nothing is"""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def nanquantile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The quantiles over `axis` of what is not NaN; NaN where nothing is"""
    return _quantiles(_at_fraction_of_numbers, x, q, axis, method, keepdims)


def nanpercentile(
    x: Any, q: Any, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `nanquantile`, with `q` from 0 to 100"""
    return nanquantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def _quantiles(at: Callable, x: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Any:
    """`at` finds the value at one fraction in rows that are in order."""
    if method not in _METHODS:
        raise ValueError(f"ops.quantile: expected a method of {', '.join(_METHODS)}, received {method!r}.")
    sizes = shape_of(x)
    axes = reduction.axes_of(axis, len(sizes))
    if any(sizes[i] is None for i in axes):
        raise ValueError(f"ops.quantile: the batch cannot be put in order, received shape {sizes} and axis {axis}.")
    kept = [i for i in range(len(sizes)) if i not in axes]
    lead = [sizes[i] for i in kept]
    count = prod(sizes[i] for i in axes)
    ordered = sort(shapes.reshape(shapes.transpose(shapes.cast(x, "float32"), [*kept, *axes]), [*lead, count]))
    fractions = np.asarray(q, np.float64)
    if fractions.ndim > 1 or ((fractions < 0) | (fractions > 1)).any():
        raise ValueError(f"ops.quantile: expected q from 0 to 1, received {q!r}.")
    results = [at(ordered, float(one), method) for one in fractions.ravel()]
    if keepdims:
        results = [shapes.reshape(one, [1 if i in axes else n for i, n in enumerate(sizes)]) for one in results]
    return slicing.stack(results, 0) if fractions.ndim else results[0]


_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _at_fraction(ordered: Any, fraction: float, method: str) -> Any:
    place = fraction * (shape_of(ordered)[-1] - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    share = {
        "linear": place - low,
        "lower": 0.0,
        "higher": 1.0,
        "midpoint": 0.5 if high > low else 0.0,
        "nearest": float(np.round(place) - low),
    }[method]
    first, second = (slicing.getitem(ordered, (..., i)) for i in (low, high))
    between = math.add(first, math.multiply(math.subtract(second, first), share))
    value = {0.0: first, 1.0: second}.get(share, between)
    last = slicing.getitem(ordered, (..., -1))
    return math.where(math.isnan(last), last, value)  # NaN is last


def _at_fraction_of_numbers(ordered: Any, fraction: float, method: str) -> Any:
    numbers = reduction.sum(math.logical_not(math.isnan(ordered)), -1, True)  # NaN is last
    place = math.multiply(math.maximum(math.subtract(numbers, 1), 0), fraction)
    low, high = math.floor(place), math.ceil(place)
    share = {
        "linear": math.subtract(place, low),
        "lower": 0.0,
        "higher": 1.0,
        "midpoint": math.multiply(math.subtract(high, low), 0.5),
        "nearest": math.subtract(math.round(place), low),
    }[method]
    first, second = take_along_axis(ordered, low, -1), take_along_axis(ordered, high, -1)
    between = math.add(first, math.multiply(math.subtract(second, first), share))
    value = math.where(math.equal(share, 0), first, math.where(math.equal(share, 1), second, between))
    return shapes.squeeze(value, -1)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each integer from 0 to `minlength` - 1 occurs along the last axis, or the sum of its weights.

    On arrays larger integers lengthen the result. Traced, where no number is known, they do not count, and `minlength`
    is needed.
    """
    length = int(minlength)
    if is_there(x):
        length = max(length, int(np.max(np.asarray(x), initial=-1)) + 1)
    elif not length:
        raise ValueError("ops.bincount: expected `minlength`: while a function is traced no number is known.")
    if not length:
        return shapes.zeros((*shape_of(x)[:-1], 0), "int32" if weights is None else tag(weights))
    hits = shapes.one_hot(x, length)
    terms = hits if weights is None else math.multiply(hits, shapes.expand_dims(weights, -1))
    total = reduction.sum(terms, -2)
    return shapes.cast(total, "int32") if weights is None or tag(weights) == "int32" else total


def digitize(x: Any, bins: Any) -> Any:
    """The number of the bin that each value is in: how many of the ascending `bins` are not above it, as int32"""
    return searchsorted(np.asarray(bins, np.float32) if is_there(bins) else bins, x, "right")


def histogram(x: Any, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """How many values of a vector lie in each of `bins` equal parts of a range, as int32, and their bins + 1 edges. The
    last part includes its end.

    Args:
        range: the ends of the range, by default the smallest and the largest value.
    """
    if len(shape_of(x)) != 1 or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"ops.histogram: expected a vector and bins of 1 or more, received {shape_of(x)} and {bins}.")
    if range:
        if len(range) != 2 or range[1] < range[0]:
            raise ValueError(f"ops.histogram: expected a range of two ascending numbers, received {range!r}.")
        low, high = (np.float32(end) for end in range)
    else:
        low, high = reduction.min(x), reduction.max(x)
    widened = math.where(math.equal(low, high), 0.5, 0.0)
    low, high = math.subtract(low, widened), math.add(high, widened)
    edges = ranges.linspace(low, high, bins + 1)
    column = shapes.expand_dims(x, 1)
    after = math.greater_equal(column, slicing.getitem(edges, slice(0, bins)))
    before = math.less(column, slicing.getitem(edges, slice(1, None)))
    at_end = math.logical_and(math.equal(column, high), np.arange(bins) == bins - 1)
    inside = math.logical_or(math.logical_and(after, before), at_end)
    return shapes.cast(reduction.sum(inside, 0), "int32"), edges


def corrcoef(x: Any) -> Any:
    """The correlations between the rows of a matrix: (n, samples) -> (n, n); 1 for a vector"""
    sizes = shape_of(x)
    if len(sizes) not in (1, 2) or None in sizes:
        raise ValueError(f"ops.corrcoef: expected a matrix of fixed shape, received shape {sizes}.")
    rows = shapes.reshape(x, (-1, sizes[-1]))
    rows = math.subtract(rows, reduction.mean(rows, -1, True))
    products = linalg.matmul(rows, shapes.transpose(rows))
    lengths = math.sqrt(diagonal(products))
    result = math.divide(math.divide(products, shapes.expand_dims(lengths, 1)), lengths)
    result = math.where(math.isnan(result), result, math.clip(result, -1.0, 1.0))
    return result if len(sizes) == 2 else shapes.squeeze(result)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The sums of products of two vectors, one being moved along the other.

    Args:
        mode: the shift goes where they overlap wholly (``valid``), by half (``same``: as long as the longer one) or at
            all (``full``).
    """
    long, short = shape_of(x1), shape_of(x2)
    if len(long) != 1 or len(short) != 1 or None in (*long, *short) or mode not in ("valid", "same", "full"):
        raise ValueError(
            f"ops.correlate: expected two vectors of fixed shape and mode valid, same or full, received shapes {long} "
            f"and {short} and mode {mode!r}."
        )
    if short[0] > long[0]:
        return rearrangement.flip(correlate(x2, x1, mode))
    count = short[0]
    before, after = {"valid": (0, 0), "same": (count // 2, (count - 1) // 2), "full": (count - 1, count - 1)}[mode]
    windows = rearrangement.extract_sequences(slicing.pad(x1, [(before, after)]), count, 1)
    return linalg.matmul(windows, x2)
