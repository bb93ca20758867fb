"""The contract of initializers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ravine import _config, random
from ravine._names import to_snake_case
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
        seed: an integer makes the values reproducible. None draws a seed from the process's generator (see
            `set_random_seed`) at the first call. A `SeedGenerator` gives other values at every call.

    As in Keras, an instance that is called twice with one shape gives the same values, unless its seed is a
    `SeedGenerator`. Weights of layers that share an instance would thus start equal, and stay equal in symmetric
    networks: there is a warning. Without an integer seed each weight after the first gets values of its own all the
    same, which Keras does not do; the warning then is for code that is to run there too.

    Raises:
        ValueError: for any other seed.
    """

    def __init__(self, seed: Any = None):
        seed = _config.deserialize_keras_object(seed)
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer, random.SeedGenerator, type(None))):
            raise ValueError(
                f"{type(self).__name__}: expected `seed` to be an integer, a SeedGenerator or None, received {seed!r}."
            )
        self.seed = seed
        self._stream = _Stream()

    def generator(self) -> np.random.Generator:
        """The random stream of the next call."""
        if isinstance(self.seed, random.SeedGenerator):
            seed, counter = self.seed.next()
            return np.random.default_rng([seed, int(counter.value)])
        stream = self._stream
        if stream.seed is None:
            stream.seed = random.draw_seed() if self.seed is None else int(self.seed)
        use = len(stream.weights) if self.seed is None else 0
        return np.random.default_rng([stream.seed, use] if use else stream.seed)

    def note_weight(self, path: str, shape: tuple[int, ...]) -> None:
        """Remember that the weight `path` of a layer started with the values of the last call."""
        stream = self._stream
        others = [other for other, its_shape in stream.weights if its_shape == shape and other != path]
        stream.weights.append((path, shape))
        if others and not stream.warned and not isinstance(self.seed, random.SeedGenerator):
            stream.warned = True
            name = to_snake_case(type(self).__name__)
            start = "unequal here, but equal in Keras" if self.seed is None else f"equal, with its seed {self.seed}"
            warnings.warn(
                f"The weights {others[0]!r} and {path!r} share one {type(self).__name__} and start {start}. "
                f"Pass the name {name!r}, or an instance for each weight.",
                stacklevel=2,
            )

    def get_config(self) -> dict:
        return {"seed": _config.serialize_keras_object(self.seed)}


class _Stream:
    """The seed that was drawn, and the weights that have taken values; an instance and its copies share it."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.weights: list[tuple[str, tuple[int, ...]]] = []
        self.warned = False


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


_config.export("keras.random", random.SeedGenerator)
