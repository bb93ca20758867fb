"""Flatten: all dimensions of a sample in one."""

from __future__ import annotations

from math import prod
from typing import Any

from ravine import ops
from ravine.layers._data_format import checked_data_format
from ravine.layers.layer import Layer


class Flatten(Layer):
    """(batch, d1, d2, ...) -> (batch, d1 * d2 * ...); (batch,) -> (batch, 1)

    Args:
        data_format: with ``channels_first`` the channels are moved to the end first, so that the order of the values
            is that of ``channels_last`` (the default).
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format, self._label)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (inputs.shape[0], prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        sizes = tuple(input_shape[1:])
        return (input_shape[0], None if None in sizes else prod(sizes))

    def get_config(self) -> dict:
        return {**super().get_config(), "data_format": self.data_format}
