"""Layer normalization and its form without the mean."""

from __future__ import annotations

import warnings
from typing import Any

from ravine import ops
from ravine.layers._axes import checked_axes, fixed_axes
from ravine.layers._gamma_and_beta import GammaAndBeta
from ravine.layers.elementwise import Elementwise


class LayerNormalization(GammaAndBeta):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta with the statistics of each sample over `axis` (Ba et al.
    2016); the variance is divided by N. Training and inference do the same.

    Weights: gamma (absent with ``scale=False``), beta (absent with ``center=False``), each with the sizes of `axis`.
    ``rms_scaling=True``, which Keras deprecates, multiplies x by gamma / sqrt(variance + epsilon) and does no more.

    Raises:
        TypeError: for an `axis` that is neither an integer nor a list of them.
        ValueError: for an axis that is the batch, out of range or of free size.
    """

    def __init__(
        self,
        axis: int | list[int] | tuple[int, ...] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(
            center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint, **kwargs,
        )  # fmt: skip
        if rms_scaling:
            warnings.warn(
                f"{self._label}: `rms_scaling` divides by the standard deviation, not by the root mean square; "
                "use RMSNormalization.",
                stacklevel=2,
            )
        self.axis = checked_axes(axis, self._label)
        self.epsilon = float(epsilon)
        self.rms_scaling = rms_scaling

    def build(self, input_shape: Any) -> None:
        self.axis, shape = _ordered(self.axis, tuple(input_shape), self._label)
        self._add_gamma_and_beta(shape, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Any) -> Any:
        axes = fixed_axes(self.axis, inputs.shape, self._label)
        centered = ops.subtract(inputs, ops.mean(inputs, axes, keepdims=True))
        variance = ops.mean(ops.square(centered), axes, keepdims=True)
        y = ops.multiply(inputs if self.rms_scaling else centered, ops.rsqrt(ops.add(variance, self.epsilon)))
        if self.gamma is not None:
            y = ops.multiply(y, _along(self.gamma, axes, inputs.shape))
        return y if self.beta is None else ops.add(y, _along(self.beta, axes, inputs.shape))

    def get_config(self) -> dict:
        own = {"axis": self.axis, "epsilon": self.epsilon, "rms_scaling": self.rms_scaling}
        return {**super().get_config(), **own}


class RMSNormalization(Elementwise):
    """scale * x / sqrt(mean(x^2) + epsilon) with the mean of each sample over `axis` (Zhang & Sennrich 2019)

    Weight: scale, with the sizes of `axis`, starting at 1. Errors as of `LayerNormalization`.
    """

    def __init__(self, axis: int | list[int] | tuple[int, ...] = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = False  # as in Keras
        self.axis = checked_axes(axis, self._label)
        self.epsilon = float(epsilon)
        self.scale: Any = None

    def build(self, input_shape: Any) -> None:
        self.axis, shape = _ordered(self.axis, tuple(input_shape), self._label)
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        axes = fixed_axes(self.axis, inputs.shape, self._label)
        mean_square = ops.mean(ops.square(inputs), axes, keepdims=True)
        y = ops.multiply(inputs, ops.rsqrt(ops.add(mean_square, self.epsilon)))
        return ops.multiply(y, _along(self.scale, axes, inputs.shape))

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


def _ordered(axis: int | list[int], shape: tuple, where: str) -> tuple[list[int], tuple[int, ...]]:
    """`axis` as it is kept once the layer is built, and the shape of its weights.

    Both follow Keras, so that files fit: a list, in the order of the numbers that were given, negative ones first.
    """
    fixed_axes(axis, shape, where)
    axes = [axis] if isinstance(axis, int) else sorted(axis)
    return axes, tuple(shape[i] for i in axes)


def _along(weight: Any, axes: list[int], shape: tuple) -> Any:
    """`weight`, whose values lie in the order of `axes`, in a shape that broadcasts with `shape`."""
    sizes = tuple(shape[i] if i in axes else 1 for i in range(axes[0], len(shape)))
    return weight if sizes == tuple(weight.shape) else ops.reshape(weight, sizes)
