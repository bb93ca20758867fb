"""The same elements in another order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import selection, shapes
from ravine.ops._dtypes import axis_of, listed, shape_of
from ravine.ops.slicing import _between, _fixed, concatenate, getitem


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The order reversed along `axis` (None: along all axes)"""
    sizes = shape_of(x)
    axes = range(len(sizes)) if axis is None else [axis_of(i, len(sizes)) for i in listed(axis)]
    for i in axes:
        _fixed(sizes, i, "flip")
    return getitem(x, tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(sizes))))


def flipud(x: Any) -> Any:
    """The order reversed along axis 0"""
    return flip(x, 0)


def fliplr(x: Any) -> Any:
    """The order reversed along axis 1"""
    return flip(x, 1)


def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """Elements moved on by `shift` along `axis`, those beyond the end to the front (None: of all in a row)"""
    if axis is None:
        return shapes.reshape(roll(shapes.ravel(x), shift, 0), shape_of(x))
    axes, shifts = listed(axis), listed(shift)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    sizes = shape_of(x)
    for by, one in zip(shifts, axes, strict=True):
        place = axis_of(one, len(sizes))
        extent = _fixed(sizes, place, "roll")
        cut = -int(by) % extent if extent else 0
        if cut:
            x = concatenate([_between(x, place, cut, extent), _between(x, place, 0, cut)], place)
    return shapes.convert_to_tensor(x)


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """The plane of two axes turned `k` times by 90 degrees, from the first axis towards the second"""
    sizes = shape_of(array)
    if len(sizes) < 2 or len(axes) != 2 or axis_of(axes[0], len(sizes)) == axis_of(axes[1], len(sizes)):
        raise ValueError(f"ops.rot90: expected two different axes, received {axes} of shape {sizes}.")
    first, second = axes
    turns = k % 4
    if turns in (0, 2):
        return flip(array, axes) if turns else shapes.convert_to_tensor(array)
    if turns == 1:
        return shapes.swapaxes(flip(array, second), first, second)
    return flip(shapes.swapaxes(array, first, second), second)


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes split, moved and merged as a pattern says: ``rearrange(x, "b (h w) c -> b c h w", h=4)``.

    Args:
        axes_lengths: the sizes of named axes; of those in one pair of parentheses, one may be left out.
    """
    sizes = shape_of(tensor)
    before, arrow, after = pattern.partition("->")
    old, new = ([re.findall(r"\w+", group) for group in re.findall(r"\w+|\([^)]*\)", side)] for side in (before, after))
    names = [name for group in old for name in group]
    wanted = [name for group in new for name in group]
    if not arrow or len(old) != len(sizes) or sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(f"ops.rearrange: {pattern!r} does not say where the axes of a tensor of shape {sizes} go.")
    known: dict[str, int | None] = dict(axes_lengths)
    for group, extent in zip(old, sizes, strict=True):
        open_ones = [name for name in group if name not in known]
        rest = prod(known[name] or 0 for name in group if name in known)
        if extent is None and len(group) == 1:
            known[group[0]] = None
        elif extent is None or len(open_ones) > 1 or not rest or extent % rest or (not open_ones and rest != extent):
            raise ValueError(
                f"ops.rearrange: an axis of size {extent} cannot be split into ({' '.join(group)}) of {pattern!r} with "
                f"{axes_lengths}; received shape {sizes}."
            )
        known.update((name, extent // rest) for name in open_ones if extent is not None)
    split = shapes.reshape(tensor, [known[name] for name in names])
    moved = shapes.transpose(split, [names.index(name) for name in wanted])
    merged = [[known[name] for name in group] for group in new]
    return shapes.reshape(moved, [None if None in one else prod(size or 0 for size in one) for one in merged])


def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Channels become blocks of pixels: (N, H, W, r r C) -> (N, r H, r W, C) for `block_size` r (Shi et al. 2016)

    Args:
        data_format: ``channels_last`` or, for (N, C r r, H, W) -> (N, C, r H, r W), ``channels_first``.
    """
    return _blocks(x, block_size, data_format, True)


def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Any:
    """Blocks of pixels become channels: the inverse of `depth_to_space`"""
    return _blocks(x, block_size, data_format, False)


def _blocks(x: Any, block_size: int, data_format: str | None, spread: bool) -> Any:
    sides = {
        "channels_last": ("n h w (a b c)", "n (h a) (w b) c"),
        "channels_first": ("n (c a b) h w", "n c (h a) (w b)"),
    }
    data_format = "channels_last" if data_format is None else data_format
    if block_size < 2 or data_format not in sides:
        raise ValueError(
            f"Expected a block_size of 2 or more and a data_format of {', '.join(sides)}; received {block_size} and "
            f"{data_format!r}."
        )
    deep, wide = sides[data_format]
    return rearrange(x, f"{deep} -> {wide}" if spread else f"{wide} -> {deep}", a=block_size, b=block_size)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows over the last axis: shape (..., n) -> (..., 1 + (n - length) // stride, length)"""
    extent = _fixed(shape_of(x), len(shape_of(x)) - 1, "extract_sequences")
    starts = np.arange(0, extent - sequence_length + 1, sequence_stride)
    return selection.take(x, starts[:, None] + np.arange(sequence_length), axis=-1)
