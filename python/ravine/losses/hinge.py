"""Hinge losses, for labels of -1 and 1. Labels of 0 and 1 are taken for -1 and 1 when a batch holds no others."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import as_floats
from ravine.losses.loss import LossFunctionWrapper


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)) over the last axis: (..., D) -> (...)"""
    return ops.mean(_margins(y_true, y_pred), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)^2) over the last axis: (..., D) -> (...)"""
    return ops.mean(ops.square(_margins(y_true, y_pred)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(neg - pos + 1, 0), with pos the prediction at the 1 of a one-hot label and neg the largest of the others
    (at least 0, as Keras has it): (..., C) -> (...)"""
    y_true, y_pred = as_floats(y_true, y_pred)
    positive = ops.sum(ops.multiply(y_true, y_pred), -1)
    negative = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), -1)
    return ops.maximum(ops.add(ops.subtract(negative, positive), 1.0), 0.0)


def _margins(y_true: Any, y_pred: Any) -> Any:
    y_true, y_pred = as_floats(y_true, y_pred)
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    labels = ops.where(binary, ops.subtract(ops.multiply(y_true, 2.0), 1.0), y_true)
    return ops.maximum(ops.subtract(1.0, ops.multiply(labels, y_pred)), 0.0)


class Hinge(LossFunctionWrapper):
    """`hinge` as a loss"""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """`squared_hinge` as a loss"""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ):
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """`categorical_hinge` as a loss"""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ):
        super().__init__(categorical_hinge, reduction, name, dtype)
