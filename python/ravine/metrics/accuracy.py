"""How often predictions hit."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ravine import ops
from ravine.losses._ranks import as_floats, to_same_rank
from ravine.metrics.reduction import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where values are equal, else 0; in the shape of the values"""
    return ops.cast(ops.equal(*as_floats(y_true, y_pred)), "float32")


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where (y_pred > threshold) is y_true, else 0; in the shape of the values"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.greater(y_pred, threshold)), "float32")


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the largest label: (..., C) and (..., C) -> (...)"""
    return ops.cast(ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1)), "float32")


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the label: labels (...) or (..., 1) and predictions (..., C) -> (...)"""
    return ops.cast(ops.equal(_class_indices(y_true, y_pred), ops.argmax(y_pred, -1)), "float32")


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where fewer than k predictions are above the one at the largest label: (..., C) and (..., C) -> (...)"""
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, -1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where fewer than k predictions are above the one at the label: labels (...) or (..., 1) and predictions
    (..., C) -> (...)

    Args:
        from_sorted_ids: `y_pred` holds class indices, the most likely first, rather than values.
    """
    label = _class_indices(y_true, y_pred)
    classes = ops.shape(y_pred)[-1]
    if from_sorted_ids:
        found = ops.logical_and(ops.equal(ops.expand_dims(label, -1), y_pred), np.arange(classes) < k)
        return ops.cast(ops.any(found, -1), "float32")
    at_label = ops.sum(ops.where(ops.one_hot(label, classes), y_pred, 0.0), -1, keepdims=True)
    at_label = ops.where(ops.isnan(at_label), -np.inf, at_label)
    above = ops.sum(ops.cast(ops.greater(y_pred, at_label), "float32"), -1)
    return ops.cast(ops.less(above, k), "float32")


def _class_indices(y_true: Any, y_pred: Any) -> Any:
    """Labels (...) for predictions (..., C), from labels (...) or (..., 1)."""
    shape = ops.shape(y_true)
    return ops.squeeze(y_true, -1) if len(shape) == ops.ndim(y_pred) and shape[-1] == 1 else y_true


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels"""

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often y_pred > threshold says what y_true says; a prediction of exactly the threshold counts as 0."""

    _direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f"BinaryAccuracy: expected `threshold` to be from 0 to 1, received {threshold}.")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the 1 of a one-hot label"""

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is at the label"""

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the 1 of a one-hot label is among the k largest predictions; equal ones are all among them."""

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label is among the k largest predictions; equal ones are all among them."""

    _direction = "up"
    _unwritten: ClassVar[dict[str, Any]] = {"from_sorted_ids": False}

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
