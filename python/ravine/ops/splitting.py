"""Tensors cut into several, and several put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ravine.ops import shapes
from ravine.ops._dtypes import axis_of, shape_of
from ravine.ops.slicing import _at, _between, _fixed, concatenate


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Parts along `axis`: that many equal ones, or those between the indices"""
    sizes = shape_of(x)
    axis = axis_of(axis, len(sizes))
    extent = _fixed(sizes, axis, "split")
    if isinstance(indices_or_sections, (int, np.integer)):
        count = int(indices_or_sections)
        if count < 1 or extent % count:
            raise ValueError(f"ops.split: axis {axis} of shape {sizes} cannot be cut into {count} equal parts.")
        cuts = list(range(0, extent + 1, extent // count)) if extent else [0] * (count + 1)
    else:
        cuts = [0, *(int(i) for i in np.asarray(indices_or_sections)), extent]
    return [_between(x, axis, a, b) for a, b in pairwise(cuts)]


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts along `axis`, without that dimension"""
    sizes = shape_of(x)
    axis = axis_of(axis, len(sizes))
    count = _fixed(sizes, axis, "unstack")
    if num is not None and num != count:
        raise ValueError(f"ops.unstack: expected {num} parts at axis {axis}, received shape {sizes}.")
    return [_at(x, axis, i) for i in range(count)]


def hstack(xs: Sequence[Any]) -> Any:
    """Tensors side by side: along axis 1, or axis 0 for vectors"""
    xs = [_at_least(x, 1) for x in xs]
    return concatenate(xs, 0 if len(shape_of(xs[0])) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Tensors below each other: along axis 0, vectors as rows"""
    return concatenate([_at_least(x, 2) for x in xs], 0)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x1 and then x2 along `axis` (None: all elements of both in a row)"""
    if axis is None:
        return concatenate([shapes.ravel(x1), shapes.ravel(x2)], 0)
    return concatenate([x1, x2], axis)


def _at_least(x: Any, rank: int) -> Any:
    sizes = shape_of(x)
    return shapes.reshape(x, (1,) * (rank - len(sizes)) + tuple(sizes)) if len(sizes) < rank else x


def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """As `split`; where the parts cannot be equal, the first ones are longer by one"""
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    sizes = shape_of(x)
    axis = axis_of(axis, len(sizes))
    count = int(indices_or_sections)
    if count < 1:
        raise ValueError(f"ops.array_split: expected one part or more, received {count}.")
    length, longer = divmod(_fixed(sizes, axis, "array_split"), count)
    return split(x, list(accumulate([length + 1] * longer + [length] * (count - longer)))[:-1], axis)


def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Parts along axis 1, or axis 0 of a vector"""
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Parts along axis 0"""
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """Parts along axis 2"""
    return split(x, indices_or_sections, 2)


def dstack(xs: Sequence[Any]) -> Any:
    """Tensors behind each other: along axis 2; vectors count as rows, and matrices get a third axis"""
    xs = [_at_least(x, 2) for x in xs]
    return concatenate([shapes.expand_dims(x, 2) if len(shape_of(x)) == 2 else x for x in xs], 2)
