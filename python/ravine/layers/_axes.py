"""The axes that a normalization runs over."""

from __future__ import annotations

from typing import Any


def checked_axes(axis: Any, where: str) -> Any:
    """`axis`: an integer as it is, several as a list. Raises TypeError for anything else."""
    if isinstance(axis, (list, tuple)) and all(isinstance(i, int) for i in axis):
        return list(axis)
    if isinstance(axis, int) and not isinstance(axis, bool):
        return axis
    raise TypeError(f"{where}: expected `axis` to be an integer or a list of them, received {axis!r}.")


def fixed_axes(axis: int | list[int], shape: tuple, where: str) -> list[int]:
    """`axis` counted from the front, in ascending order. Raises ValueError when one is the batch, out of range, of free
    size, or there twice."""
    rank = len(shape)
    axes = [axis] if isinstance(axis, int) else axis
    if any(not -rank <= i < rank or i % rank == 0 or shape[i] is None for i in axes):
        raise ValueError(
            f"{where}: expected axis {axis} to be of fixed size and not the batch, received shape {tuple(shape)}."
        )
    counted = sorted({i % rank for i in axes})
    if len(counted) != len(axes):
        raise ValueError(f"{where}: axis {axis} names an axis of shape {tuple(shape)} twice.")
    return counted
