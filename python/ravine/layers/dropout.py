"""Dropout: of single elements, of whole feature maps, and for self-normalizing networks."""

from __future__ import annotations

from math import sqrt
from typing import Any

from ravine import ops, random
from ravine.layers._data_format import checked_data_format
from ravine.layers.input_spec import InputSpec
from ravine.layers.noise import Noise

# -scale * alpha of SELU: what it tends to far below zero (Klambauer et al. 2017).
_SELU_FLOOR = -1.7580993408473766


class Dropout(Noise):
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
        super().__init__(seed, **kwargs)
        self.rate = self._checked("rate", rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def _disturb(self, inputs: Any) -> Any:
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)

    def get_config(self) -> dict:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape}


class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance of its input when they are 0 and 1 (Klambauer et al. 2017): for SELU.

    In training, elements become alpha' = -1.7580993 with probability `rate`; then everything is mapped by a * x + b
    with a = ((1 - rate) * (1 + rate * alpha'^2))^(-1/2) and b = -a * rate * alpha'. A rate of 1 gives zeros.

    Args: those of `Dropout`.
    """

    def _disturb(self, inputs: Any) -> Any:
        rate = self.rate
        if rate >= 1:
            return ops.zeros_like(inputs)
        # Dropout of ones is 0 or 1 / (1 - rate); of an input that is infinite it would be NaN.
        kept = ops.greater(random.dropout(ops.ones_like(inputs), rate, self.noise_shape, self.seed_generator), 0.0)
        a = 1 / sqrt((1 - rate) * (1 + rate * _SELU_FLOOR**2))
        return ops.add(ops.multiply(ops.where(kept, inputs, _SELU_FLOOR), a), -a * rate * _SELU_FLOOR)


class _SpatialDropout(Dropout):
    """Dropout of whole channels: one decision per sample and channel (Tompson et al. 2015)."""

    _rank: int

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = checked_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=self._rank)

    def _disturb(self, inputs: Any) -> Any:
        channels = 1 if self.data_format == "channels_first" else self._rank - 1
        shape = tuple(size if axis in (0, channels) else 1 for axis, size in enumerate(inputs.shape))
        return random.dropout(inputs, self.rate, shape, self.seed_generator)

    def get_config(self) -> dict:
        names = ("rate", "seed", "name", "dtype", "data_format")
        return {name: getattr(self, name) for name in names}


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of sequences, shape (batch, time, channels)."""

    _rank = 3

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None):
        super().__init__(rate, None, seed, name, dtype)

    def get_config(self) -> dict:
        config = super().get_config()
        del config["data_format"]
        return config


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images, shape (batch, height, width, channels), or with
    ``data_format="channels_first"`` (batch, channels, height, width)."""

    _rank = 4


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes, shape (batch, depth, height, width, channels), or with
    ``data_format="channels_first"`` (batch, channels, depth, height, width)."""

    _rank = 5
