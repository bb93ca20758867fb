"""Losses for regression: squared, absolute and Huber errors. Each is a mean over the last axis."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import to_same_rank
from ravine.losses.loss import LossFunctionWrapper


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_pred - y_true)^2) over the last axis: (..., D) -> (...)"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_pred, y_true)), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_pred - y_true|) over the last axis: (..., D) -> (...)"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    return ops.mean(ops.absolute(ops.subtract(y_pred, y_true)), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean over the last axis of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2 (Huber 1964)"""
    y_true, y_pred = to_same_rank(y_true, y_pred)
    error = ops.absolute(ops.subtract(y_pred, y_true))
    square = ops.multiply(ops.square(error), 0.5)
    line = ops.subtract(ops.multiply(error, delta), 0.5 * delta * delta)
    return ops.mean(ops.where(ops.less_equal(error, delta), square, line), -1)


class MeanSquaredError(LossFunctionWrapper):
    """`mean_squared_error` as a loss"""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """`mean_absolute_error` as a loss"""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """`huber` as a loss"""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction, name, dtype, delta=delta)
