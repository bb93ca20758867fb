"""What a layer takes besides its own arguments: spellings of older Keras, and a dtype."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ravine import dtype_policies

_LEGACY_SHAPES = ("input_shape", "batch_input_shape", "batch_shape", "input_dim")
_IGNORED = ("batch_size", "input_dtype", "implementation")


def drop_ignored(kwargs: dict) -> None:
    """Take out what older Keras wrote into configurations and nothing depends on."""
    for name in _IGNORED:
        kwargs.pop(name, None)


def legacy_shape(kwargs: dict) -> tuple | None:
    """The shape of one sample, from the spellings of older Keras."""
    given = {key: kwargs.pop(key) for key in _LEGACY_SHAPES if key in kwargs}
    if not given:
        return None
    warnings.warn(
        f"Passing {', '.join(given)} to a layer is an old form; begin a Sequential model with keras.Input(shape).",
        stacklevel=4,
    )
    key, shape = next(iter(given.items()))
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return shape[1:] if key.startswith("batch") else shape


def checked_policy(dtype: Any, where: str) -> str:
    """The name of a dtype or policy, which is noted and, when it is not float32, warned about."""
    try:
        name = dtype_policies.get(dtype).name
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if name != "float32":
        warnings.warn(f"{where}: everything is computed in float32; dtype {name!r} is noted only.", stacklevel=4)
    return name
