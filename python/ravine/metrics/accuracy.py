"""How often predictions hit."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import to_same_rank
from ravine.metrics.reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """The share of equal values over the last axis: (..., D) -> (...)"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    return ops.mean(ops.equal(y_true, y_pred), -1)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """The share over the last axis where (y_pred > threshold) is y_true: (..., D) -> (...)"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    return ops.mean(ops.equal(y_true, ops.greater(y_pred, threshold)), -1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the largest label: (..., C) and (..., C) -> (...)"""
    return ops.cast(ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1)), "float32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the label: labels (...) or (..., 1) and predictions (..., C) -> (...)"""
    if ops.ndim(y_true) == ops.ndim(y_pred) and ops.shape(y_true)[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    return ops.cast(ops.equal(y_true, ops.argmax(y_pred, -1)), "float32")


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels"""

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often y_pred > threshold says what y_true says; a prediction of exactly the threshold counts as 0."""

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f"BinaryAccuracy: expected `threshold` to be from 0 to 1, received {threshold}.")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the 1 of a one-hot label"""

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the label"""

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)
