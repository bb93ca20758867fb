"""Projections of weights, applied after every update: callables from a tensor to a tensor of the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine import _config, _lookup, ops
from ravine._names import to_snake_case

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


class MaxNorm(Constraint):
    """w * min(norm, max_value) / (1e-7 + norm), as Keras has it.

    Args:
        max_value: the largest norm.
        axis: the axes that a norm runs over: 0 for a Dense kernel (the weights into one unit), [0, 1, 2] for Conv2D.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0):
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        norm = ops.norm(w, axis=self.axis, keepdims=True)
        return ops.multiply(w, ops.divide(ops.clip(norm, 0.0, self.max_value), ops.add(norm, _EPSILON)))

    def get_config(self) -> dict:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """max(w, 0)"""

    def __call__(self, w: Any) -> Any:
        return ops.relu(w)


class UnitNorm(Constraint):
    """w / (1e-7 + norm), the norm running over `axis`"""

    def __init__(self, axis: int | Sequence[int] = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return ops.divide(w, ops.add(ops.norm(w, axis=self.axis, keepdims=True), _EPSILON))

    def get_config(self) -> dict:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """w * target / (1e-7 + norm) with target = rate * clip(norm, min_value, max_value) + (1 - rate) * norm"""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        norm = ops.norm(w, axis=self.axis, keepdims=True)
        clipped = ops.multiply(ops.clip(norm, self.min_value, self.max_value), self.rate)
        target = ops.add(clipped, ops.multiply(norm, 1 - self.rate))
        return ops.multiply(w, ops.divide(target, ops.add(norm, _EPSILON)))

    def get_config(self) -> dict:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

_classes = (MaxNorm, NonNeg, UnitNorm, MinMaxNorm)
_config.export("keras.constraints", *_classes)
_named = {name: cls for cls in _classes for name in (cls.__name__, to_snake_case(cls.__name__))}


def get(identifier: Any) -> Any:
    """A constraint from a name, a configuration, a class, an instance or a callable; None stays None."""
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _lookup.find(identifier, _named, "constraint")()
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise _lookup.not_an_identifier(identifier, "constraint")


def serialize(constraint: Any) -> Any:
    return _config.serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    return _config.deserialize_keras_object(config, custom_objects, kind="constraint", module="keras.constraints")
