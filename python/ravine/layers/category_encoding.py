"""CategoryEncoding."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers.layer import Layer

_MODES = ("multi_hot", "one_hot", "count")


class CategoryEncoding(Layer):
    """Integers from 0 to num_tokens - 1 become vectors of length `num_tokens`; others are not in them.

    Args:
        num_tokens: the number of categories.
        output_mode: ``multi_hot`` marks which integers occur in the last axis, (..., k) -> (..., num_tokens);
            ``count`` counts them; ``one_hot`` encodes each integer, (...) -> (..., num_tokens), where a last axis of
            size 1 is dropped.
        sparse: there are no sparse tensors here: True raises.

    Called with `count_weights` of the shape of the inputs, ``count`` adds these instead of ones.

    Raises:
        ValueError: for a missing or non-positive `num_tokens`, another mode, and ``sparse=True``; for inputs of a model
            that have no axis but the batch, unless the mode is ``one_hot``.
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in _MODES:
            raise ValueError(f"{self._label}: expected `output_mode` to be one of {_MODES}, received {output_mode!r}.")
        if not isinstance(num_tokens, int) or num_tokens < 1:
            raise ValueError(
                f"{self._label}: expected `num_tokens`, the number of categories, to be a positive integer, "
                f"received {num_tokens!r}."
            )
        if sparse:
            raise ValueError(f"{self._label}: `sparse` is not supported; the output is dense.")
        self.num_tokens = num_tokens
        self.output_mode = output_mode
        self.sparse = False

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{self._label}: `count_weights` needs output_mode='count', not {self.output_mode!r}.")
        if self.output_mode == "one_hot":
            drop = len(inputs.shape) > 1 and inputs.shape[-1] == 1
            return ops.one_hot(ops.squeeze(inputs, -1) if drop else inputs, self.num_tokens)
        self._check_axis(tuple(inputs.shape))
        hot = ops.one_hot(inputs, self.num_tokens)
        if self.output_mode == "multi_hot":
            return ops.max(hot, axis=-2)
        return ops.sum(hot if count_weights is None else hot * ops.expand_dims(count_weights, -1), axis=-2)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = tuple(input_shape)
        if self.output_mode == "one_hot" and (len(shape) == 1 or shape[-1] != 1):
            return (*shape, self.num_tokens)
        self._check_axis(shape)
        return (*shape[:-1], self.num_tokens)

    def _check_axis(self, shape: tuple) -> None:
        if shape == (None,):
            raise ValueError(
                f"{self._label}: {self.output_mode!r} counts along the last axis, but inputs of shape (None,) have "
                "only that of the batch. Use Input((1,)), or output_mode='one_hot'."
            )

    def get_config(self) -> dict:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
