"""RReLU: a ReLU whose slope is random."""

from __future__ import annotations

from typing import Any

from ravine import activations, ops, random
from ravine.layers.noise import Noise


class RReLU(Noise):
    """x if x > 0, else slope * x (Xu et al. 2015). In training the slope of each element is drawn from
    U(lower, upper), in inference it is their mean. Keras has no such layer; the defaults are PyTorch's.

    Args:
        lower, upper: the bounds of the slope.
        seed: an integer for reproducible slopes; None draws one from the process's generator.

    Raises:
        ValueError: for bounds that are negative or the wrong way round.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, seed: int | None = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        if not 0 <= lower <= upper:
            raise ValueError(f"{self._label}: expected 0 <= lower <= upper, received {lower!r} and {upper!r}.")
        self.lower = float(lower)
        self.upper = float(upper)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        return super().call(inputs, True) if training else activations.leaky_relu(inputs, (self.lower + self.upper) / 2)

    def _disturb(self, inputs: Any) -> Any:
        slope = random.uniform(ops.shape(inputs), self.lower, self.upper, seed=self.seed_generator)
        return ops.where(ops.greater(inputs, 0.0), inputs, ops.multiply(inputs, slope))

    def get_config(self) -> dict:
        return {**super().get_config(), "lower": self.lower, "upper": self.upper}
