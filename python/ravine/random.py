"""The random state: one generator for the process, and seed generators for layers.

What is drawn at once (initial weights) is drawn by NumPy. What is drawn in the steps of a traced function (the masks of
dropout, noise) is drawn by the engine from (seed, step, element), so that it does not depend on the number of threads.
"""

from __future__ import annotations

import random as _python_random
from typing import Any

import numpy as np

from ravine import _core
from ravine.tensor import as_tensor, standardize_dtype
from ravine.variable import Variable

_SEED_LIMIT = 2**31 - 1

_generator: np.random.Generator | None = None


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
    return int(global_generator().integers(_SEED_LIMIT))


def global_generator() -> np.random.Generator:
    """The process's generator, made when it is first asked for: NumPy imports its generators only then."""
    global _generator
    if _generator is None:
        _generator = np.random.default_rng()
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
        from ravine.ops import tracing

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


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniformly distributed numbers in [minval, maxval).

    Args:
        shape: the sizes. In a traced function None (or -1) in front stands for the batch, so that ``ops.shape(x)`` may
            be given.
        seed: a SeedGenerator, or None for the process's generator: other numbers at every call, and in a traced
            function in every step. An integer: always the same numbers, as in Keras.
    """
    if not _traced():
        from ravine import initializers

        return initializers.RandomUniform(minval, maxval, seed)(_fixed(shape, "uniform"), dtype)
    from ravine import ops

    return ops.cast(ops.add(ops.multiply(_unit(shape, _stream(seed)), float(maxval - minval)), float(minval)), dtype)


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers; `shape` and `seed` as in `uniform`.

    Traced: sqrt(-2 log u) cos(2 pi v) of two uniform numbers (Box & Muller 1958).
    """
    if not _traced():
        from ravine import initializers

        return initializers.RandomNormal(mean, stddev, seed)(_fixed(shape, "normal"), dtype)
    from ravine import ops

    stream = _stream(seed)
    length = ops.sqrt(ops.multiply(ops.log(ops.subtract(1.0, _unit(shape, stream))), -2.0))
    standard = ops.multiply(length, ops.cos(ops.multiply(_unit(shape, stream), 2 * np.pi)))
    return ops.cast(ops.add(ops.multiply(standard, float(stddev)), float(mean)), dtype)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers within two standard deviations of the mean; `shape` and `seed` as in `uniform`.

    Traced: the inverse of the distribution function at a uniform number.
    """
    if not _traced():
        from ravine import initializers

        return initializers.TruncatedNormal(mean, stddev, seed)(_fixed(shape, "truncated_normal"), dtype)
    from ravine import ops

    within = 0.9544997361036416  # the probability of two standard deviations: erf(sqrt(2))
    spread = ops.multiply(ops.subtract(ops.multiply(_unit(shape, _stream(seed)), 2.0), 1.0), within)
    standard = ops.clip(ops.multiply(ops.erfinv(spread), float(np.sqrt(2))), -2.0, 2.0)
    return ops.cast(ops.add(ops.multiply(standard, float(stddev)), float(mean)), dtype)


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers from `minval` to `maxval` - 1; `shape` and `seed` as in `uniform`. Traced ones have 24 random bits."""
    if not _traced():
        values = numpy_generator(seed).integers(int(minval), int(maxval), _fixed(shape, "randint"))
        return _result(values, dtype)
    from ravine import ops

    number = ops.floor(ops.multiply(_unit(shape, _stream(seed)), float(maxval - minval)))
    within = ops.minimum(number, float(maxval - minval - 1))  # the product may round up
    return ops.cast(ops.add(within, float(minval)), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Class indices drawn with probabilities softmax(logits): shape (batch, classes) -> (batch, num_samples).

    The largest of logits + noise, the noise having a Gumbel distribution (Gumbel 1954).
    """
    from ravine import ops

    sizes = ops.shape(logits)
    if len(sizes) != 2:
        raise ValueError(f"random.categorical: expected logits of shape (batch, classes), received {sizes}.")
    shape = (sizes[0], int(num_samples), sizes[1])
    if _traced():
        number = ops.add(_unit(shape, _stream(seed)), 2.0**-25)
        noise = ops.negative(ops.log(ops.negative(ops.log(number))))
    else:
        noise = numpy_generator(seed).gumbel(size=_fixed(shape, "categorical")).astype(np.float32)
    return ops.cast(ops.argmax(ops.add(ops.expand_dims(logits, 1), noise), axis=-1), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """`x` with its parts along `axis` in random order"""
    _refuse_in_trace("shuffle")
    values = np.asarray(x)
    return _result(numpy_generator(seed).permutation(values, axis=axis), values.dtype)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """How many of `counts` trials succeed, each with probability `probabilities`"""
    _refuse_in_trace("binomial")
    counted = np.asarray(counts).astype(np.int64)
    return _result(numpy_generator(seed).binomial(counted, np.asarray(probabilities), _fixed(shape, "binomial")), dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of the beta distribution with the two concentrations"""
    _refuse_in_trace("beta")
    return _result(numpy_generator(seed).beta(np.asarray(alpha), np.asarray(beta), _fixed(shape, "beta")), dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of the gamma distribution with shape parameter `alpha` and scale 1"""
    _refuse_in_trace("gamma")
    return _result(numpy_generator(seed).gamma(np.asarray(alpha), 1.0, _fixed(shape, "gamma")), dtype)


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


def numpy_generator(seed: Any = None) -> np.random.Generator:
    """NumPy's generator for a seed: an integer, a SeedGenerator (which moves on), or None for the process's own."""
    if seed is None:
        return global_generator()
    if isinstance(seed, SeedGenerator):
        stream, counter = seed.next()
        return np.random.default_rng([stream, int(counter.value)])
    return np.random.default_rng(int(seed))


def _traced() -> bool:
    from ravine.ops import tracing

    return tracing.current() is not None


def _refuse_in_trace(function: str) -> None:
    if _traced():  # the numbers would be drawn once and be the same in every step
        raise NotImplementedError(
            f"random.{function} cannot draw new numbers in every step of a traced function; uniform, normal, "
            "truncated_normal, randint, categorical and dropout can. Numbers that stay the same belong into build() "
            "or a Variable."
        )


def _stream(seed: Any) -> SeedGenerator:
    return seed if isinstance(seed, SeedGenerator) else _Repeating(int(seed)) if seed is not None else SeedGenerator()


class _Repeating(SeedGenerator):
    """Gives the same numbers in every step."""

    def next(self) -> tuple[int, Any]:
        from ravine.ops import tracing

        draw = tracing.current().next_draw(self)  # type: ignore[union-attr]
        return (self.seed + 0x9E3779B1 * draw) % _SEED_LIMIT, self.state


def _unit(shape: Any, stream: SeedGenerator) -> Any:
    """Uniform numbers in [0, 1), drawn by the engine in every step."""
    from ravine import ops

    sizes = ops.shape(shape) if hasattr(shape, "shape") and ops.ndim(shape) != 1 else shape
    sizes = [-1 if size in (None, -1) else int(size) for size in ((sizes,) if isinstance(sizes, int) else sizes)]
    seed, counter = stream.next()
    return ops.apply("random_uniform", [counter], {"shape": sizes, "seed": seed})


def _fixed(shape: Any, function: str) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if any(size is None or size < 0 for size in sizes):
        raise ValueError(f"random.{function}: expected a fixed shape, received {sizes}.")
    return tuple(int(size) for size in sizes)


def _result(values: Any, dtype: Any) -> Any:
    return as_tensor(np.ascontiguousarray(values, dtype=standardize_dtype(dtype)).reshape(np.shape(values)))
