"""Batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import constraints, initializers, ops, regularizers
from ravine.layers.elementwise import Elementwise


class BatchNormalization(Elementwise):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, per index of `axis` (Ioffe & Szegedy 2015)

    In training, mean and variance (divided by N) are those of the batch, and the moving ones follow them:
    moving = momentum * moving + (1 - momentum) * batch. In inference the moving ones are used. With
    ``trainable=False`` the layer is in inference mode always.

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
        super().__init__(**kwargs)
        if renorm:
            raise ValueError(f"{self._label}: `renorm` is not supported.")
        axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        if not isinstance(axis, (int, np.integer)):
            raise ValueError(f"{self._label}: expected `axis` to be an integer, received {axis!r}.")
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        shape = (self._channels(tuple(input_shape)),)
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )
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

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if self._channels(inputs.shape) != self.moving_mean.shape[0]:
            raise ValueError(
                f"{self._label}: expected dimension {self.axis} to be {self.moving_mean.shape[0]}, "
                f"received shape {inputs.shape}."
            )
        if self.axis % inputs.ndim == inputs.ndim - 1:
            return self._normalized(inputs, training)
        return ops.moveaxis(self._normalized(ops.moveaxis(inputs, self.axis, -1), training), -1, self.axis)

    def _normalized(self, x: Any, training: bool | None) -> Any:
        if training and self.trainable:
            attrs = {"epsilon": self.epsilon, "scale": int(self.scale), "center": int(self.center)}
            parameters = [p for p in (self.gamma, self.beta) if p is not None]
            y, mean, variance, _ = ops.apply("batch_norm", [x, *parameters], attrs)
            keep = self.momentum
            self.moving_mean.assign(self.moving_mean * keep + mean * (1.0 - keep))
            self.moving_variance.assign(self.moving_variance * keep + variance * (1.0 - keep))
            return y
        inv_std = ops.rsqrt(self.moving_variance + self.epsilon)
        gamma = ops.ones(self.moving_mean.shape) if self.gamma is None else self.gamma
        beta = ops.zeros(self.moving_mean.shape) if self.beta is None else self.beta
        return ops.apply("normalize", [x, self.moving_mean, inv_std, gamma, beta])

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }
