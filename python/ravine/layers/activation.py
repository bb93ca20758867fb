"""Activation: any activation function as a layer."""

from __future__ import annotations

from typing import Any

from ravine import activations
from ravine.layers.elementwise import Elementwise


class Activation(Elementwise):
    """Apply an activation, given by name, function or layer."""

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
