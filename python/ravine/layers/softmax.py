"""Softmax."""

from __future__ import annotations

from typing import Any

from ravine import activations
from ravine.layers.elementwise import Elementwise


class Softmax(Elementwise):
    """exp(x) / sum(exp(x)) along `axis`"""

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        return activations.softmax(inputs, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}
