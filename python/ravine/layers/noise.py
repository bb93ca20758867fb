"""Layers that disturb their input in training: dropout in its forms, and noise.

What they draw is a function of (seed, step, element): it does not depend on the number of threads, and every training
step has another one. In inference all of them are the identity.
"""

from __future__ import annotations

from typing import Any

from ravine import ops, random
from ravine.layers.elementwise import Elementwise


class Noise(Elementwise):
    """Base class. Subclasses implement `_disturb(inputs)`, which draws from `seed_generator`.

    Args:
        seed: an integer for reproducible numbers; None draws one from the process's generator.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        return self._disturb(inputs) if training else ops.convert_to_tensor(inputs)

    def _disturb(self, inputs: Any) -> Any:
        raise NotImplementedError(f"{self._label}: _disturb() is not implemented.")

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}

    def _checked(self, name: str, value: Any) -> Any:
        """`value`, which must be a number from 0 to 1."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(f"{self._label}: expected `{name}` to be a number from 0 to 1, received {value!r}.")
        return value
