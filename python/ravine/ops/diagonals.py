"""Diagonals, triangles and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.ops import math, reduction, shapes
from ravine.ops._dtypes import axis_of, shape_of, tag
from ravine.ops.tracing import apply


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements on a diagonal of the plane of two axes, as a new last axis"""
    sizes = shape_of(x)
    first, second = axis_of(axis1, len(sizes)), axis_of(axis2, len(sizes))
    others = [i for i in range(len(sizes)) if i not in (first, second)]
    height, width = sizes[first], sizes[second]
    if first == second or height is None or width is None:
        raise ValueError(f"ops.diagonal: expected two fixed axes, received {axis1} and {axis2} of shape {sizes}.")
    row, column = max(-offset, 0), max(offset, 0)
    count = max(min(height - row, width - column), 0)
    lead = [sizes[i] for i in others]
    flat = shapes.reshape(shapes.transpose(x, [*others, first, second]), [*lead, height * width])
    begin = row * width + column if count else 0
    whole = [-1 if n is None else n for n in lead]
    window = {"begin": [0] * len(lead) + [begin], "size": [*whole, count], "step": [1] * len(lead) + [width + 1]}
    return apply("slice", [flat], window, tag(x))


def diag(x: Any, k: int = 0) -> Any:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix"""
    sizes = shape_of(x)
    if len(sizes) == 2:
        return diagonal(x, k)
    if len(sizes) != 1 or sizes[0] is None:
        raise ValueError(f"ops.diag: expected a vector or a matrix of fixed shape, received shape {sizes}.")
    extent = sizes[0] + abs(k)
    begin = k if k >= 0 else -k * extent
    flat = apply("place", [x], {"shape": [extent * extent], "begin": [begin], "step": [extent + 1]}, tag(x))
    return shapes.reshape(flat, (extent, extent))


def tril(x: Any, k: int = 0) -> Any:
    """Matrices with zeros above a diagonal"""
    return _masked(x, "tril", k)


def triu(x: Any, k: int = 0) -> Any:
    """Matrices with zeros below a diagonal"""
    return _masked(x, "triu", k)


def _masked(x: Any, which: str, k: int) -> Any:
    sizes = shape_of(x)
    if len(sizes) < 2 or None in sizes[-2:]:
        raise ValueError(f"ops.{which}: expected matrices of fixed shape, received shape {sizes}.")
    nothing = False if tag(x) == "bool" else 0
    return math.where(getattr(np, which)(np.ones(sizes[-2:], bool), k), x, nothing)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of the plane of two axes"""
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)


def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with all values of `x`, in a row, on its diagonal"""
    return diag(shapes.ravel(x), k)
