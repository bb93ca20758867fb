"""Dense: the fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import activations, constraints, initializers, ops, regularizers
from ravine.layers.layer import Layer


class Dense(Layer):
    """activation(x @ kernel + bias) over the last axis: (batch, ..., in) -> (batch, ..., units)

    Args:
        units: the number of outputs.
        activation: a name, a function or a layer; None is linear.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: for kernel (in, units) and bias (units,).
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties that join the loss.
        kernel_constraint, bias_constraint: applied after every update.

    Raises:
        ValueError: for units that are not a positive number, or for inputs whose last dimension is not fixed or is
            not the one the layer was built for.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if isinstance(units, bool) or not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"{self._label}: expected `units` to be a positive integer, received {units!r}.")
        for name, value in (("lora_rank", lora_rank), ("quantization_config", quantization_config)):
            if value is not None:
                raise ValueError(f"{self._label}: `{name}` is not supported, received {value!r}.")
        self.supports_masking = True
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        size = self._input_size(tuple(input_shape))
        self.kernel = self.add_weight(
            shape=(size, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        size = self._input_size(inputs.shape)
        if size != self.kernel.shape[0]:
            raise ValueError(
                f"{self._label}: expected last dimension {self.kernel.shape[0]}, received shape {inputs.shape}."
            )
        outputs = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)

    def _input_size(self, shape: tuple) -> int:
        if len(shape) < 2:
            raise ValueError(f"{self._label}: expected input of rank 2 or more, received shape {shape}.")
        if shape[-1] is None:
            raise ValueError(f"{self._label}: expected a fixed last dimension, received shape {shape}.")
        return int(shape[-1])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        self._input_size(tuple(input_shape))
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
