"""Initializers that draw from a plain distribution."""

from __future__ import annotations

from typing import Any

from ravine.initializers.initializer import RandomInitializer, finish, truncated_normal


class RandomNormal(RandomInitializer):
    """Normally distributed values"""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        values = self.generator().standard_normal(shape, dtype="float32")
        return finish(values * self.stddev + self.mean, shape, dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Normally distributed values within two standard deviations of the mean. The spread that remains is 0.88 times
    `stddev`; `VarianceScaling` corrects for that, this one does not."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        return finish(truncated_normal(self.generator(), shape) * self.stddev + self.mean, shape, dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Uniformly distributed values in [minval, maxval)"""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        values = self.generator().random(shape, dtype="float32")
        return finish(values * (self.maxval - self.minval) + self.minval, shape, dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}
