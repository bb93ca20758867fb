"""RepeatVector."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers.input_spec import InputSpec
from ravine.layers.layer import Layer


class RepeatVector(Layer):
    """(batch, features) -> (batch, n, features), each row n times

    Raises:
        TypeError: for an `n` that is not an integer.
        ValueError: for an `n` below 1, or an input of another rank.
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(f"{self._label}: expected `n` to be an integer, received {n!r}.")
        if n < 1:
            raise ValueError(f"{self._label}: expected `n` to be 1 or more, received {n}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict:
        return {**super().get_config(), "n": self.n}
