"""Reshape."""

from __future__ import annotations

from math import prod
from typing import Any

from ravine import ops
from ravine.layers.layer import Layer


class Reshape(Layer):
    """(batch, ...) -> (batch, *target_shape); one size may be -1.

    Raises ValueError when the sizes do not fit.
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"{self._label}: only one size may be -1, received target_shape {self.target_shape}.")

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        sizes = tuple(input_shape[1:])
        if None in sizes:
            raise ValueError(f"{self._label}: expected fixed sizes, received shape {tuple(input_shape)}.")
        known = prod(size for size in self.target_shape if size != -1)
        target = tuple(prod(sizes) // max(1, known) if size == -1 else size for size in self.target_shape)
        if prod(target) != prod(sizes):
            raise ValueError(
                f"{self._label}: target_shape {self.target_shape} does not fit the {prod(sizes)} values of a sample, "
                f"received shape {tuple(input_shape)}."
            )
        return (input_shape[0], *target)

    def get_config(self) -> dict:
        return {**super().get_config(), "target_shape": self.target_shape}
