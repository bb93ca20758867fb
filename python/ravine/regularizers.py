"""Penalties on weights (or outputs) that are added to the loss: callables from a tensor to a scalar."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import ops
from ravine._registry import Registry


class Regularizer:
    """Base class. Subclasses implement ``__call__(x) -> scalar`` with `ravine.ops`."""

    def __call__(self, x: Any) -> Any:
        return 0.0

    def get_config(self) -> dict:
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config().")

    @classmethod
    def from_config(cls, config: dict) -> Regularizer:
        return cls(**config)


class L1(Regularizer):
    """l1 * sum(|x|); the gradient at 0 is 0."""

    def __init__(self, l1: float = 0.01):
        self.l1 = _coefficient("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        return ops.multiply(ops.sum(ops.absolute(x)), self.l1)

    def get_config(self) -> dict:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum(x^2), without a factor of one half"""

    def __init__(self, l2: float = 0.01):
        self.l2 = _coefficient("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        return ops.multiply(ops.sum(ops.square(x)), self.l2)

    def get_config(self) -> dict:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2)"""

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = _coefficient("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _coefficient("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        penalties = [penalty(x) for penalty, factor in ((L1(self.l1), self.l1), (L2(self.l2), self.l2)) if factor]
        if not penalties:
            return ops.multiply(ops.sum(x), 0.0)
        return penalties[0] if len(penalties) == 1 else ops.add(*penalties)

    def get_config(self) -> dict:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cos| of the angles between all pairs of rows (or columns) of a matrix: 0 when they are
    orthogonal. A matrix with one row has no pairs and no penalty, where Keras gives NaN.

    Args:
        factor: a non-negative number.
        mode: ``rows`` or ``columns``.

    Raises:
        ValueError: for another mode, and when called on anything but a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = _coefficient("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: expected `mode` to be 'rows' or 'columns', received {mode!r}.")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        shape = ops.shape(x)
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, received shape {shape}.")
        rows = self.mode == "rows"
        unit = ops.normalize(x, axis=1 if rows else 0)
        cosines = ops.matmul(unit, ops.transpose(unit)) if rows else ops.matmul(ops.transpose(unit), unit)
        size = shape[0 if rows else 1]
        between = ops.multiply(cosines, 1.0 - np.eye(size, dtype=np.float32))
        return ops.multiply(ops.sum(ops.absolute(between)), self.factor / max(1, size * (size - 1)))

    def get_config(self) -> dict:
        return {"factor": self.factor, "mode": self.mode}


orthogonal_regularizer = OrthogonalRegularizer


def l1(l1: float = 0.01) -> L1:
    """`L1`"""
    return L1(l1)


def l2(l2: float = 0.01) -> L2:
    """`L2`"""
    return L2(l2)


def l1_l2(l1: float = 0.0, l2: float = 0.0) -> L1L2:
    """`L1L2`"""
    return L1L2(l1, l2)


def _coefficient(where: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < float("inf"):
        raise ValueError(f"{where}: expected a finite, non-negative `{name}`, received {value!r}.")
    return float(value)


# The name "l1l2" means both at their usual strength; Keras makes it a penalty of zero.
_both = L1L2(0.01, 0.01)

_registry = Registry(
    "regularizer",
    "keras.regularizers",
    classes=(L1, L2, L1L2, OrthogonalRegularizer),
    aliases={"l1l2": _both, "l1_l2": _both, "L1L2": _both},
)
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
