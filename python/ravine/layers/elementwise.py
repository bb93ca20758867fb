"""The base of layers whose output has the shape of their input."""

from __future__ import annotations

from typing import Any

from ravine.layers.layer import Layer


class Elementwise(Layer):
    """A layer that keeps shapes, and so passes masks on."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape)
