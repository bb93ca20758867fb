"""The dtype tags of results. Everything is computed in float32; tags tell users what the numbers stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.ops.tracing import SymbolicTensor
from ravine.tensor import KerasTensor, tag_of
from ravine.variable import Variable


def tag(x: Any) -> str:
    """``float32``, ``int32`` or ``bool``."""
    dtype = getattr(x, "dtype", None)
    if dtype is not None:
        return dtype if dtype in ("float32", "int32", "bool") and isinstance(dtype, str) else tag_of(dtype)
    if isinstance(x, bool):
        return "bool"
    if isinstance(x, int):
        return "int32"
    return "float32" if isinstance(x, float) else tag_of(np.asarray(x).dtype)


def common(*xs: Any) -> str:
    """The tag of an arithmetic result: float32 as soon as one operand is."""
    return "int32" if all(tag(x) != "float32" for x in xs) else "float32"


def is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and not isinstance(x, np.ndarray)


def is_there(*xs: Any) -> bool:
    """Whether the numbers can be looked at: those of tensors that are traced or describe a model, and of variables,
    cannot."""
    return not any(isinstance(x, (SymbolicTensor, KerasTensor, Variable)) for x in xs)


def shape_of(x: Any) -> tuple:
    """The shape, with None for a free batch."""
    shape = getattr(x, "shape", None)
    return tuple(np.shape(x)) if shape is None else tuple(shape)


def listed(value: Any) -> list[int]:
    """One integer, or several, as a list."""
    return [int(i) for i in np.ravel(value)]


def axis_of(axis: int, rank: int) -> int:
    """A non-negative axis. Raises ValueError when there is no such axis."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for a tensor of rank {rank}.")
    return axis % rank
