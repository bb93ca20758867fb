"""ReLU and its relatives with straight pieces: LeakyReLU and ThresholdedReLU."""

from __future__ import annotations

from typing import Any

from ravine import activations
from ravine.layers.elementwise import Elementwise


class ReLU(Elementwise):
    """x from `threshold` on, at most `max_value`; below, negative_slope * (x - threshold). max(x, 0) by default.

    Raises ValueError for negative arguments.
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(self, "max_value", max_value)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)
        self.threshold = _not_negative(self, "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Elementwise):
    """x if x > 0, else negative_slope * x (Maas et al. 2013). `alpha` is the older name of the slope.

    Raises ValueError for a negative slope.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self, "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ThresholdedReLU(Elementwise):
    """x if x > theta, else 0 (Konda et al. 2015). Keras 2 had this layer; Keras 3 writes ReLU(threshold=theta).

    Raises ValueError for a negative `theta`.
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.theta = _not_negative(self, "theta", theta)

    def call(self, inputs: Any) -> Any:
        return activations.threshold(inputs, self.theta, 0.0)

    def get_config(self) -> dict:
        return {**super().get_config(), "theta": self.theta}


def _not_negative(layer: Any, name: str, value: Any) -> float:
    if value is None or value < 0:
        raise ValueError(f"{layer._label}: expected `{name}` to be 0 or more, received {value!r}.")
    return float(value)
