"""Group normalization."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers._axes import fixed_axes
from ravine.layers._gamma_and_beta import GammaAndBeta
from ravine.layers.input_spec import InputSpec


class GroupNormalization(GammaAndBeta):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta with the statistics of each sample and group of channels
    (Wu & He 2018), over all other axes; the variance is divided by N. Training and inference do the same.

    Weights: gamma (absent with ``scale=False``), beta (absent with ``center=False``), each of shape (channels,).

    Args:
        groups: how many groups the channels are cut into; -1 makes each channel one (instance normalization).
        axis: the axis of the channels.

    Raises:
        ValueError: for a number of groups that does not divide the channels, or an axis that is the batch, out of range
            or of free size.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        super().__init__(
            center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint, **kwargs,
        )  # fmt: skip
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(f"{self._label}: expected `groups` to be a positive integer or -1, received {groups!r}.")
        self.groups = groups
        self.axis = axis
        self.epsilon = float(epsilon)

    def build(self, input_shape: Any) -> None:
        [axis] = fixed_axes(self.axis, tuple(input_shape), self._label)
        channels = input_shape[axis]
        self.groups = channels if self.groups == -1 else self.groups
        if channels % self.groups:
            raise ValueError(
                f"{self._label}: expected channels that {self.groups} groups divide evenly, "
                f"received shape {tuple(input_shape)} with {channels}. Choose `groups` among the divisors."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self._add_gamma_and_beta((channels,), self.scale, self.center)

    def call(self, inputs: Any) -> Any:
        shape = inputs.shape
        [axis] = fixed_axes(self.axis, shape, self._label)
        cut = [self.groups, shape[axis] // self.groups]
        x = ops.reshape(inputs, (*shape[:axis], *cut, *shape[axis + 1 :]))
        inside = [i for i in range(1, len(shape) + 1) if i != axis]
        centered = ops.subtract(x, ops.mean(x, inside, keepdims=True))
        variance = ops.mean(ops.square(centered), inside, keepdims=True)
        y = ops.multiply(centered, ops.rsqrt(ops.add(variance, self.epsilon)))
        along = [*cut, *[1] * (len(shape) - 1 - axis)]
        if self.gamma is not None:
            y = ops.multiply(y, ops.reshape(self.gamma, along))
        if self.beta is not None:
            y = ops.add(y, ops.reshape(self.beta, along))
        return ops.reshape(y, shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis, "epsilon": self.epsilon}
