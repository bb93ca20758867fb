"""Rescaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _config, ops
from ravine.layers.elementwise import Elementwise


class Rescaling(Elementwise):
    """x * scale + offset, e.g. Rescaling(1 / 127.5, offset=-1) for bytes to [-1, 1]

    Args:
        scale, offset: numbers, or lists that broadcast with the last axes.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = _config.deserialize_keras_object(scale)
        self.offset = _config.deserialize_keras_object(offset)

    def call(self, inputs: Any) -> Any:
        if np.ndim(self.scale) == 0 and np.ndim(self.offset) == 0:
            return ops.apply("affine", [inputs], {"scale": float(self.scale), "offset": float(self.offset)})
        scaled = ops.multiply(inputs, np.asarray(self.scale, np.float32))
        return ops.add(scaled, np.asarray(self.offset, np.float32))

    def get_config(self) -> dict:
        plain = {name: np.asarray(value).tolist() for name, value in (("scale", self.scale), ("offset", self.offset))}
        return {**super().get_config(), **plain}
