"""Evenly and otherwise spaced values, grids, and windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.ops import math
from ravine.ops._dtypes import is_there, shape_of
from ravine.ops.shapes import broadcast_to, cast, expand_dims, moveaxis, ndim, ravel, reshape, zeros_like
from ravine.tensor import as_tensor, standardize_dtype, tag_of


def arange(start: float, stop: float | None = None, step: float | None = None, dtype: Any = None) -> Any:
    """Evenly spaced values, as np.arange"""
    step = 1 if step is None else step
    values = np.arange(start, stop, step) if stop is not None else np.arange(0, start, step)
    return as_tensor(values.astype(tag_of(values.dtype) if dtype is None else standardize_dtype(dtype)))


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` evenly spaced values from `start` to `stop`, as np.linspace; `start` and `stop` may be tensors"""
    if num < 0:
        raise ValueError(f"ops.linspace: expected `num` to be 0 or more, received {num}.")
    steps = max(num - 1 if endpoint else num, 1)
    span = math.subtract(stop, start)
    rank = ndim(span)
    shares = np.arange(num, dtype=np.float32).reshape(-1, *[1] * rank) / np.float32(steps)
    if rank:
        start = math.add(start, zeros_like(span))
        values = math.add(math.multiply(expand_dims(span, 0), shares), expand_dims(start, 0))
    else:
        values = math.add(math.multiply(span, shares), start)
    if dtype is not None:
        whole = tag_of(standardize_dtype(dtype)) == "int32"  # which are those below, as in NumPy
        values = cast(math.floor(values) if whole else values, dtype)
    values = moveaxis(values, 0, axis) if rank else values
    return (values, math.divide(span, float(steps))) if retstep else values


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """The coordinates of a grid over vectors, as np.meshgrid"""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"ops.meshgrid: expected indexing 'xy' or 'ij', received {indexing!r}.")
    vectors = [ravel(one) for one in x]
    axes = list(range(len(vectors)))
    if indexing == "xy" and len(axes) > 1:
        axes[:2] = [1, 0]
    whole = [shape_of(vectors[axes.index(i)])[0] for i in range(len(axes))]
    lines = [[-1 if i == axis else 1 for i in range(len(axes))] for axis in axes]
    return [broadcast_to(reshape(one, line), whole) for one, line in zip(vectors, lines, strict=True)]


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` values from base ** `start` to base ** `stop`, each the same multiple of the one before, as np.logspace"""
    if is_there(start, stop):
        values = np.logspace(start, stop, num, endpoint, base, axis=axis)
        return as_tensor(values.astype(standardize_dtype(dtype)))
    values = math.power(float(base), linspace(start, stop, num, endpoint, axis=axis))
    return values if dtype is None else cast(values, dtype)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` values from `start` to `stop`, both of one sign, each the same multiple of the one before, as
    np.geomspace"""
    if is_there(start, stop):
        return as_tensor(np.geomspace(start, stop, num, endpoint, axis=axis).astype(standardize_dtype(dtype)))
    growth = linspace(0.0, math.log(math.divide(stop, start)), num, endpoint)
    values = math.multiply(start, math.exp(growth))
    values = moveaxis(values, 0, axis) if ndim(values) else values
    return values if dtype is None else cast(values, dtype)


def bartlett(x: int) -> Any:
    """The triangular window of `x` points, 0 at both ends"""
    return _window(np.bartlett(int(x)))


def blackman(x: int) -> Any:
    """The Blackman window of `x` points: 0.42 - 0.5 cos t + 0.08 cos 2t over one turn"""
    return _window(np.blackman(int(x)))


def hamming(x: int) -> Any:
    """The Hamming window of `x` points: 0.54 - 0.46 cos t over one turn"""
    return _window(np.hamming(int(x)))


def hanning(x: int) -> Any:
    """The Hann window of `x` points: 0.5 - 0.5 cos t over one turn"""
    return _window(np.hanning(int(x)))


def kaiser(x: int, beta: float) -> Any:
    """The Kaiser window of `x` points: i0(beta sqrt(1 - t^2)) / i0(beta) for t from -1 to 1"""
    return _window(np.kaiser(int(x), float(beta)))


def _window(values: np.ndarray) -> Any:
    return as_tensor(values.astype(np.float32))
