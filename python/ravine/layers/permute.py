"""Permute."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers.input_spec import InputSpec
from ravine.layers.layer import Layer


class Permute(Layer):
    """Reorders the axes of each sample: with dims (2, 1), (batch, a, b) -> (batch, b, a).

    Args:
        dims: the axes in their new order, counted from 1, the first one after the batch.

    Raises:
        ValueError: when `dims` are not 1, 2, ... in some order, or the input has another rank.
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{self._label}: expected `dims` to be the numbers from 1 on in some order, received {self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict:
        return {**super().get_config(), "dims": self.dims}
