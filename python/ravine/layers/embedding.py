"""Embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import constraints, initializers, ops, regularizers
from ravine.layers.layer import Layer


class Embedding(Layer):
    """Integers become vectors: rows of a trainable table, (batch, ...) -> (batch, ..., output_dim).

    Args:
        input_dim: the number of rows; integers from 0 to input_dim - 1 are looked up.
        output_dim: the length of a row.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: for the table, the weight embeddings, of
            shape (input_dim, output_dim).
        mask_zero: whether 0 stands for padding: later layers then receive the mask of the other places.
        weights: the table, or a list with it, to start with.

    Raises:
        ValueError: for sizes that are not positive integers; when a program runs, for integers that are out of range,
            where Keras returns NaN.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        input_length = kwargs.pop("input_length", None)
        if input_length is not None:
            kwargs.setdefault("input_shape", (input_length,))
        super().__init__(**kwargs)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
                raise ValueError(f"{self._label}: expected `{name}` to be a positive integer, received {value!r}.")
        for name, given in (("lora_rank", lora_rank), ("quantization_config", quantization_config)):
            if given is not None:
                raise ValueError(f"{self._label}: `{name}` is not supported, received {given!r}.")
        self.input_dim = int(input_dim)
        self.output_dim = int(output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.embeddings: Any = None
        if weights is not None:
            self.build()
            self.set_weights(list(weights) if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any = None) -> None:
        if self.embeddings is None:
            self.embeddings = self.add_weight(
                shape=(self.input_dim, self.output_dim),
                initializer=self.embeddings_initializer,
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
                name="embeddings",
            )

    def call(self, inputs: Any) -> Any:
        return ops.take(self.embeddings, ops.cast(inputs, "int32"), axis=0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the integers are not 0, with `mask_zero`; otherwise None."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
