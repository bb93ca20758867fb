"""Dropout."""

from __future__ import annotations

from typing import Any

from ravine import ops, random
from ravine.layers.elementwise import Elementwise


class Dropout(Elementwise):
    """In training, elements are zeroed with probability `rate` and the others divided by 1 - rate (Srivastava et al.
    2014); otherwise the identity. A rate of 1 gives zeros.

    The mask is drawn from (seed, step, element): it does not depend on the number of threads, and every training step
    has another one.

    Args:
        rate: a number from 0 to 1.
        noise_shape: the shape of the mask, with 1 where it is to be the same along an axis; None in front is the batch.
        seed: an integer for reproducible masks; None draws one from the process's generator.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"{self._label}: expected `rate` to be a number from 0 to 1, received {rate!r}.")
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.rate == 0:
            return ops.convert_to_tensor(inputs)
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)

    def get_config(self) -> dict:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
