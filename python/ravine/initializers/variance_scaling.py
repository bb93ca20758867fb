"""Initializers that keep the variance of activations (or gradients) the same from layer to layer."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

import numpy as np

from ravine.initializers.initializer import RandomInitializer, finish, truncated_normal

# The standard deviation of a standard normal cut off at -2 and 2.
_TRUNCATED_STDDEV = 0.87962566103423978

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(RandomInitializer):
    """Values of mean 0 and variance scale / n, where n counts the inputs, the outputs, or the mean of both.

    Args:
        scale: a positive factor.
        mode: ``fan_in``, ``fan_out`` or ``fan_avg``.
        distribution: ``truncated_normal`` (cut at two standard deviations and widened so that the variance holds;
            also called ``normal``), ``untruncated_normal`` or ``uniform``.
        seed: see `RandomInitializer`.
        input_axes, output_axes: the axes of a weight whose sizes multiply to the number of inputs and of outputs. By
            default these are the last two axes, in this order, each times the receptive field (all other axes).

    Raises:
        ValueError: for another mode or distribution, or a scale that is not positive.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: int | Sequence[int] | None = None,
        output_axes: int | Sequence[int] | None = None,
    ):
        super().__init__(seed)
        mode, distribution = mode.lower(), distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if scale <= 0:
            raise ValueError(f"VarianceScaling: expected a positive `scale`, received {scale}.")
        if mode not in _MODES:
            raise ValueError(f"VarianceScaling: expected `mode` to be one of {_MODES}, received {mode!r}.")
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"VarianceScaling: expected `distribution` to be one of {_DISTRIBUTIONS}, received {distribution!r}."
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = sqrt(self.scale / max(1.0, n))
        generator = self.generator()
        if self.distribution == "truncated_normal":
            values = truncated_normal(generator, shape) * np.float32(stddev / _TRUNCATED_STDDEV)
        elif self.distribution == "untruncated_normal":
            values = generator.standard_normal(shape, dtype=np.float32) * np.float32(stddev)
        else:
            values = (2 * generator.random(shape, dtype=np.float32) - 1) * np.float32(sqrt(3) * stddev)
        return finish(values, shape, dtype)

    def along(self, input_axes: Any, output_axes: Any) -> VarianceScaling:
        """This initializer for weights whose inputs and outputs lie along these axes."""
        if input_axes is None and output_axes is None:
            return self
        twin = copy.copy(self)
        twin.input_axes, twin.output_axes = input_axes, output_axes
        return twin

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """A VarianceScaling whose scale, mode and distribution are fixed."""

    _settings: tuple[float, str, str]

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None):
        super().__init__(*self._settings, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict:
        config = super().get_config()
        return {key: config[key] for key in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_Named):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)"""

    _settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010)"""

    _settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform within sqrt(6 / fan_in) (He et al. 2015)"""

    _settings = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal of variance 2 / fan_in (He et al. 2015)"""

    _settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform within sqrt(3 / fan_in) (LeCun et al. 1998)"""

    _settings = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal of variance 1 / fan_in (LeCun et al. 1998)"""

    _settings = (1.0, "fan_in", "truncated_normal")


def compute_fans(
    shape: Sequence[int], input_axes: int | Sequence[int] | None = None, output_axes: int | Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape connects: (3, 3, 64, 128) -> (576, 1152)."""
    shape = tuple(shape)
    receptive = prod(shape[:-2])
    fans = (prod(shape), prod(shape)) if len(shape) < 2 else (receptive * shape[-2], receptive * shape[-1])
    fan_in = fans[0] if input_axes is None else _product(shape, input_axes)
    fan_out = fans[1] if output_axes is None else _product(shape, output_axes)
    return fan_in, fan_out


def _product(shape: tuple[int, ...], axes: int | Sequence[int]) -> int:
    return prod(shape[axis] for axis in ([axes] if isinstance(axes, int) else axes))
