"""Batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import initializers, ops
from ravine.layers._gamma_and_beta import GammaAndBeta


class BatchNormalization(GammaAndBeta):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, per index of `axis` (Ioffe & Szegedy 2015)

    In training, mean and variance (divided by N) are those of the batch, and the moving ones follow them:
    moving = momentum * moving + (1 - momentum) * batch. In inference the moving ones are used. With
    ``trainable=False`` the layer is in inference mode always.

    Called with a `mask` of the shape of the inputs without the last axis, only the places where it is True count for
    the statistics. `synchronized` changes nothing: all of a batch is in one process, so its statistics are those of the
    whole batch.

    Weights: gamma (absent with ``scale=False``), beta (absent with ``center=False``), moving_mean, moving_variance;
    each of shape (x.shape[axis],).

    Raises:
        ValueError: for an axis that is the batch, out of range or of free size, and for ``renorm=True``.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(
            center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint, **kwargs,
        )  # fmt: skip
        if renorm:
            raise ValueError(
                f"{self._label}: `renorm` is not supported. Leave it out, or use LayerNormalization or "
                "GroupNormalization, which do not depend on the batch."
            )
        axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        if not isinstance(axis, (int, np.integer)):
            raise ValueError(f"{self._label}: expected `axis` to be an integer, received {axis!r}.")
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        shape = (self._channels(tuple(input_shape)),)
        self._add_gamma_and_beta(shape, self.scale, self.center)
        self.moving_mean = self.add_weight(
            shape=shape, initializer=self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape=shape, initializer=self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def _channels(self, shape: tuple) -> int:
        rank = len(shape)
        if rank < 2 or not -rank <= self.axis < rank or self.axis % rank == 0 or shape[self.axis] is None:
            raise ValueError(
                f"{self._label}: expected axis {self.axis} to be a fixed dimension other than the batch, "
                f"received shape {shape}."
            )
        return shape[self.axis]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if self._channels(inputs.shape) != self.moving_mean.shape[0]:
            raise ValueError(
                f"{self._label}: expected dimension {self.axis} to be {self.moving_mean.shape[0]}, "
                f"received shape {inputs.shape}."
            )
        if self.axis % inputs.ndim == inputs.ndim - 1:
            return self._normalized(inputs, training, mask)
        weights = None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), inputs.shape)
        x, weights = (None if t is None else ops.moveaxis(t, self.axis, -1) for t in (inputs, weights))
        return ops.moveaxis(self._normalized(x, training, weights), -1, self.axis)

    def _normalized(self, x: Any, training: bool | None, mask: Any) -> Any:
        """`x`, which has the channels last, normalized; `mask` has its shape, or that without the channels."""
        if not training or not self.trainable:
            inv_std = ops.rsqrt(self.moving_variance + self.epsilon)
            gamma = ops.ones(self.moving_mean.shape) if self.gamma is None else self.gamma
            beta = ops.zeros(self.moving_mean.shape) if self.beta is None else self.beta
            return ops.apply("normalize", [x, self.moving_mean, inv_std, gamma, beta])
        if mask is None:
            attrs = {"epsilon": self.epsilon, "scale": int(self.scale), "center": int(self.center)}
            parameters = [p for p in (self.gamma, self.beta) if p is not None]
            y, mean, variance, _ = ops.apply("batch_norm", [x, *parameters], attrs)
        else:
            mean, variance = _masked_moments(x, mask)
            y = ops.multiply(ops.subtract(x, mean), ops.rsqrt(variance + self.epsilon))
            y = y if self.gamma is None else ops.multiply(y, self.gamma)
            y = y if self.beta is None else ops.add(y, self.beta)
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1.0 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1.0 - keep))
        return y

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _masked_moments(x: Any, mask: Any) -> tuple[Any, Any]:
    """Mean and variance (divided by N) of each channel, the last axis, over the places where `mask` is True."""
    weights = ops.cast(mask, "float32")
    weights = weights if len(weights.shape) == len(x.shape) else ops.expand_dims(weights, -1)
    axes = list(range(len(x.shape) - 1))
    count = ops.add(ops.sum(weights, axes), 1e-7)
    mean = ops.divide(ops.sum(ops.multiply(x, weights), axes), count)
    return mean, ops.divide(ops.sum(ops.multiply(ops.square(ops.subtract(x, mean)), weights), axes), count)
