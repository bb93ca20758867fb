"""Smooth relatives of ReLU as layers: GELU, Swish and Mish. Keras has them as activations only."""

from __future__ import annotations

from typing import Any

from ravine import activations, ops
from ravine.initializers import Constant
from ravine.layers.elementwise import Elementwise


class GELU(Elementwise):
    """x * Phi(x), exact or in its tanh form with `approximate` (Hendrycks & Gimpel 2016)"""

    def __init__(self, approximate: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.approximate = bool(approximate)

    def call(self, inputs: Any) -> Any:
        return activations.gelu(inputs, self.approximate)

    def get_config(self) -> dict:
        return {**super().get_config(), "approximate": self.approximate}


class Swish(Elementwise):
    """x * sigmoid(beta * x) (Ramachandran et al. 2017)

    Args:
        beta: 1 is SiLU, 1.702 is close to GELU; the larger, the closer to ReLU.
        learn_beta: whether beta is a weight, a scalar that starts at `beta`.
    """

    def __init__(self, beta: float = 1.0, learn_beta: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.initial_beta = float(beta)
        self.learn_beta = bool(learn_beta)
        self.beta: Any = self.initial_beta

    def build(self, input_shape: Any) -> None:
        if self.learn_beta:
            self.beta = self.add_weight(shape=(), initializer=Constant(self.initial_beta), name="beta")

    def call(self, inputs: Any) -> Any:
        if not self.learn_beta:
            return ops.silu(inputs, self.beta)
        return ops.multiply(inputs, ops.sigmoid(ops.multiply(inputs, self.beta)))

    def get_config(self) -> dict:
        return {**super().get_config(), "beta": self.initial_beta, "learn_beta": self.learn_beta}


class Mish(Elementwise):
    """x * tanh(log(1 + exp(x))) (Misra 2019)"""

    def call(self, inputs: Any) -> Any:
        return activations.mish(inputs)
