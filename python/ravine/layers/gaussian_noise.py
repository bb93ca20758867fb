"""Gaussian noise, added or multiplied."""

from __future__ import annotations

from math import sqrt
from typing import Any

from ravine import ops, random
from ravine.layers.noise import Noise


class GaussianNoise(Noise):
    """In training, x + N(0, stddev^2), element by element; otherwise the identity.

    Raises ValueError for a `stddev` that is not between 0 and 1, as Keras does.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.stddev = self._checked("stddev", stddev)

    def _disturb(self, inputs: Any) -> Any:
        return ops.add(inputs, random.normal(ops.shape(inputs), stddev=self.stddev, seed=self.seed_generator))

    def get_config(self) -> dict:
        return {**super().get_config(), "stddev": self.stddev}


class GaussianDropout(Noise):
    """In training, x * N(1, rate / (1 - rate)), element by element (Srivastava et al. 2014, section 10); otherwise the
    identity. The noise has the mean and the variance of dropout at this rate.

    Raises ValueError for a `rate` that is not between 0 and 1; 1 is excluded, because its noise would be infinite.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.rate = self._checked("rate", rate)
        if rate == 1:
            raise ValueError(f"{self._label}: expected `rate` to be below 1, received 1: its noise would be infinite.")

    def _disturb(self, inputs: Any) -> Any:
        stddev = sqrt(self.rate / (1 - self.rate))
        return ops.multiply(inputs, random.normal(ops.shape(inputs), 1.0, stddev, seed=self.seed_generator))

    def get_config(self) -> dict:
        return {**super().get_config(), "rate": self.rate}
