"""The orthogonal initializer."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ravine.initializers.initializer import RandomInitializer, finish


class Orthogonal(RandomInitializer):
    """gain times a random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).

    The last axis of the shape counts as columns, all others together as rows; the shape needs two axes or more.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: expected a shape of two or more dimensions, received {tuple(shape)}.")
        rows, columns = prod(shape[:-1]), shape[-1]
        normal = self.generator().standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(normal)
        # Without the signs the distribution over orthogonal matrices would not be uniform (Mezzadri 2007).
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        return finish(self.gain * (q.T if rows < columns else q), shape, dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "gain": self.gain}
