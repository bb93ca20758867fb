"""Projections of weights, applied after every update: callables from a tensor to a tensor of the same shape."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ravine import ops
from ravine._registry import Registry

_EPSILON = 1e-7


class Constraint:
    """Base class. Subclasses implement ``__call__(w) -> w`` with `ravine.ops`."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not implement __call__().")

    def get_config(self) -> dict:
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Constraint:
        return cls(**config)


class _InputAxes(int):
    """The default of `axis`: 0, as in Keras, unless the layer names other axes."""


INPUT_AXES = _InputAxes(0)


class NormConstraint(Constraint):
    """Base of the constraints on the lengths of vectors in a weight.

    Args:
        axis: the axes that a norm runs over. By default 0, or those that the layer names as the axes of its inputs, so
            that a norm is that of the weights into one unit. In Keras the default is 0 whatever the layer.
    """

    def __init__(self, axis: int | Sequence[int] = INPUT_AXES):
        self.axis = axis

    def norm(self, w: Any) -> Any:
        """The lengths, with size 1 along `axis`."""
        return ops.norm(w, axis=self.axis, keepdims=True)

    def along(self, input_axes: Sequence[int] | None) -> NormConstraint:
        """This constraint for a weight whose inputs lie along these axes, unless `axis` was given."""
        if input_axes is None or not isinstance(self.axis, _InputAxes):
            return self
        twin = copy.copy(self)
        twin.axis = list(input_axes)
        return twin

    def get_config(self) -> dict:
        return {"axis": int(self.axis) if isinstance(self.axis, int) else list(self.axis)}


class MaxNorm(NormConstraint):
    """w * min(norm, max_value) / (1e-7 + norm), as Keras has it.

    Args:
        max_value: the largest norm.
        axis: see `NormConstraint`.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = INPUT_AXES):
        super().__init__(axis)
        self.max_value = max_value

    def __call__(self, w: Any) -> Any:
        norm = self.norm(w)
        return ops.multiply(w, ops.divide(ops.clip(norm, 0.0, self.max_value), ops.add(norm, _EPSILON)))

    def get_config(self) -> dict:
        return {"max_value": self.max_value, **super().get_config()}


class UnitNorm(NormConstraint):
    """w / (1e-7 + norm), the norm running over `axis`; see `NormConstraint`"""

    def __call__(self, w: Any) -> Any:
        return ops.divide(w, ops.add(self.norm(w), _EPSILON))


class MinMaxNorm(NormConstraint):
    """w * target / (1e-7 + norm) with target = rate * clip(norm, min_value, max_value) + (1 - rate) * norm, the norm
    running over `axis`; see `NormConstraint`"""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = INPUT_AXES
    ):
        super().__init__(axis)
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate

    def __call__(self, w: Any) -> Any:
        norm = self.norm(w)
        clipped = ops.multiply(ops.clip(norm, self.min_value, self.max_value), self.rate)
        target = ops.add(clipped, ops.multiply(norm, 1 - self.rate))
        return ops.multiply(w, ops.divide(target, ops.add(norm, _EPSILON)))

    def get_config(self) -> dict:
        own = {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate}
        return {**own, **super().get_config()}


class NonNeg(Constraint):
    """max(w, 0)"""

    def __call__(self, w: Any) -> Any:
        return ops.relu(w)


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

_registry = Registry("constraint", "keras.constraints", classes=(MaxNorm, NonNeg, UnitNorm, MinMaxNorm))
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any, input_axes: Sequence[int] | None = None) -> Any:
    """A constraint from a name, a configuration, a class, an instance or a callable; None stays None.

    Args:
        input_axes: for layers whose weight has its inputs along other axes than the first, e.g. (0, 1, 2) for a
            convolution of images. A norm runs over them unless its constraint says otherwise.
    """
    found = _registry.get(identifier)
    return found.along(input_axes) if isinstance(found, NormConstraint) else found
