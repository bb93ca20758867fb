"""Initializers without chance: zeros, ones, a constant, the identity matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _config
from ravine.initializers.initializer import Initializer, finish


class Constant(Initializer):
    """`value`, a number or an array that broadcasts to the shape"""

    def __init__(self, value: Any = 0.0):
        self.value = _config.deserialize_keras_object(value)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return finish(np.broadcast_to(np.asarray(self.value), shape), shape, dtype)

    def get_config(self) -> dict:
        return {"value": _config.serialize_keras_object(self.value)}


class Zeros(Initializer):
    """Zeros"""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return finish(np.zeros(shape), shape, dtype)


class Ones(Initializer):
    """Ones"""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return finish(np.ones(shape), shape, dtype)


class Identity(Initializer):
    """gain times the identity matrix; the shape must have two dimensions."""

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity: expected a shape of two dimensions, received {tuple(shape)}.")
        return finish(self.gain * np.eye(*shape), shape, dtype)

    def get_config(self) -> dict:
        return {"gain": self.gain}
