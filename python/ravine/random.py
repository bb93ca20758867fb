"""The random state: one generator for the process, and seed generators for layers.

Initial weights are drawn by NumPy; the masks of dropout are drawn by the engine from (seed, step, element), so that
they do not depend on the number of threads.
"""

from __future__ import annotations

import random as _python_random
from typing import Any

import numpy as np

from ravine import _core
from ravine.variable import Variable

_SEED_LIMIT = 2**31 - 1

_generator = np.random.default_rng()


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy's global state and ravine, so that what follows is reproducible."""
    global _generator
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"set_random_seed: expected a non-negative integer, received {seed!r}.")
    _python_random.seed(int(seed))
    np.random.seed(int(seed) % 2**32)
    _generator = np.random.default_rng(int(seed))


def draw_seed() -> int:
    """A seed from the process's generator, in [0, 2**31 - 1)."""
    return int(_generator.integers(_SEED_LIMIT))


def global_generator() -> np.random.Generator:
    """The process's generator."""
    return _generator


class SeedGenerator:
    """A source of random streams for a layer: a seed, and a counter that moves on with every training step.

    Args:
        seed: an integer; None draws one from the process's generator (see `set_random_seed`).
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any):
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f"SeedGenerator: expected a non-negative integer or None as seed, received {seed!r}.")
        self._initial_seed = seed
        self.seed = draw_seed() if seed is None else int(seed)
        self.state = Variable(0, dtype="int64", trainable=False, name=name or "seed_generator_state")

    def next(self) -> tuple[int, Any]:
        """A fresh stream as ``(seed, counter)``, the two things the engine's random ops take.

        While a function is traced the counter is the variable `state`, which moves on by one at the end of every run:
        later than the gradients, which draw the same numbers again. Several streams in one traced function differ in
        their seed.
        """
        from ravine.ops import trace as tracing

        trace = tracing.current()
        if trace is None:
            counter = _core.Variable(np.asarray(self.state.numpy(), np.int64), self.state.name)
            self.state.assign_add(1)
            return self.seed, counter
        trace.at_end(lambda: self.state.assign_add(1), key=self)
        return (self.seed + 0x9E3779B1 * trace.next_draw(self)) % _SEED_LIMIT, self.state

    def get_config(self) -> dict:
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: dict) -> SeedGenerator:
        return cls(**config)


def _refuse_in_trace(function: str, shape: Any) -> None:
    from ravine.ops import trace as tracing

    if tracing.current() is not None:  # the numbers would be drawn once and be the same in every step
        raise NotImplementedError(
            f"random.{function} of shape {shape}: only random.dropout draws new numbers in every step of a traced "
            "function so far. Numbers that stay the same belong into build() or a Variable."
        )


def normal(shape: tuple, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers; `seed` is an integer, a SeedGenerator, or None for the process's generator."""
    from ravine import initializers

    _refuse_in_trace("normal", shape)
    return initializers.RandomNormal(mean, stddev, seed)(shape, dtype)


def uniform(shape: tuple, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniformly distributed numbers in [minval, maxval); `seed` as in `normal`."""
    from ravine import initializers

    _refuse_in_trace("uniform", shape)
    return initializers.RandomUniform(minval, maxval, seed)(shape, dtype)


def truncated_normal(shape: tuple, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers within two standard deviations; `seed` as in `normal`."""
    from ravine import initializers

    _refuse_in_trace("truncated_normal", shape)
    return initializers.TruncatedNormal(mean, stddev, seed)(shape, dtype)


def dropout(inputs: Any, rate: float, noise_shape: tuple | None = None, seed: Any = None) -> Any:
    """`inputs` with elements zeroed with probability `rate` and the others divided by 1 - rate.

    Args:
        noise_shape: the shape of the mask, broadcast over `inputs`; None in front stands for the batch.
        seed: an integer, a SeedGenerator, or None for the process's generator.
    """
    from ravine import ops

    source = seed if isinstance(seed, SeedGenerator) else SeedGenerator(seed)
    if rate <= 0:
        return ops.convert_to_tensor(inputs)
    if rate >= 1:
        return ops.zeros_like(inputs)
    stream, counter = source.next()
    attrs = {"rate": float(rate), "seed": stream}
    if noise_shape is None:
        return ops.apply("dropout", [inputs, counter], attrs)
    return ops.multiply(inputs, ops.apply("dropout", [_ones(inputs, noise_shape), counter], attrs))


def _ones(inputs: Any, noise_shape: tuple) -> Any:
    """Ones of the noise shape, with the batch of `inputs` where it says None."""
    from ravine import ops

    shape = ops.shape(inputs)
    fits = len(noise_shape) == len(shape)
    if not fits or any(n not in (None, 1, size) for n, size in zip(noise_shape, shape, strict=True)):
        raise ValueError(f"noise_shape {tuple(noise_shape)} does not fit inputs of shape {shape}.")
    shared = tuple(i for i, (n, size) in enumerate(zip(noise_shape, shape, strict=True)) if n == 1 and size != 1)
    return ops.ones_like(ops.max(inputs, axis=shared, keepdims=True) if shared else inputs)
