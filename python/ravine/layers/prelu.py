"""PReLU: a ReLU that learns its slope."""

from __future__ import annotations

from typing import Any

from ravine import constraints, initializers, ops, regularizers
from ravine.layers.elementwise import Elementwise


class PReLU(Elementwise):
    """x if x > 0, else alpha * x, with a trainable alpha for each unit (He et al. 2015)

    Args:
        alpha_initializer: by default zeros, so that the layer starts as a ReLU.
        shared_axes: the axes along which alpha is shared, e.g. [1, 2] for one per channel of an image.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            None
            if shared_axes is None
            else list(shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes])
        )
        self.alpha: Any = None

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        shared = {axis % rank for axis in self.shared_axes or ()}
        self.alpha = self.add_weight(
            shape=tuple(1 if axis in shared else input_shape[axis] for axis in range(1, rank)),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )

    def call(self, inputs: Any) -> Any:
        below = ops.relu(ops.negative(inputs))
        return ops.subtract(ops.relu(inputs), ops.multiply(self.alpha, below))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
