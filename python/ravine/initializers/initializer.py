"""The contract of initializers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import random
from ravine.tensor import Tensor, as_tensor, standardize_dtype


class Initializer:
    """Makes initial values: ``initializer(shape, dtype=None) -> array``.

    Subclasses implement ``__call__`` and, when they take arguments, ``get_config``.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__().")

    def get_config(self) -> dict:
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        """A new initializer of the same configuration, at the beginning of its random stream."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of the random ones.

    Args:
        seed: an integer makes the values reproducible: every new instance with this seed gives the same values at its
            first call, the same other values at its second, and so on. None draws from the process's generator (see
            `set_random_seed`). A `SeedGenerator` draws from that.

    An instance never repeats itself. Two layers that share one instance therefore start with different weights; in
    Keras they start with equal ones, which keeps them equal in symmetric networks.
    """

    def __init__(self, seed: Any = None):
        self.seed = seed
        self._calls = 0

    def generator(self) -> np.random.Generator:
        """The random stream of the next call."""
        call = self._calls
        self._calls += 1
        if self.seed is None:
            return random.global_generator()
        if isinstance(self.seed, random.SeedGenerator):
            seed, counter = self.seed.next()
            return np.random.default_rng([seed, int(counter.value)])
        return np.random.default_rng(int(self.seed) if call == 0 else [int(self.seed), call])

    def get_config(self) -> dict:
        return {"seed": self.seed.get_config()["seed"] if isinstance(self.seed, random.SeedGenerator) else self.seed}


def finish(values: np.ndarray, shape: tuple, dtype: Any) -> Tensor:
    """`values` as a tensor of the shape and dtype asked for."""
    return as_tensor(np.ascontiguousarray(values, dtype=standardize_dtype(dtype)).reshape(shape))


def truncated_normal(generator: np.random.Generator, shape: tuple) -> np.ndarray:
    """Standard normal numbers; those beyond two standard deviations are drawn again."""
    values = np.asarray(generator.standard_normal(shape, dtype=np.float32)).reshape(-1)
    beyond = np.flatnonzero(np.abs(values) > 2)
    while beyond.size:
        values[beyond] = generator.standard_normal(beyond.size, dtype=np.float32)
        beyond = beyond[np.abs(values[beyond]) > 2]
    return values.reshape(shape)
