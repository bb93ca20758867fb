"""Losses for regression. Each is a mean over the last axis: (..., D) -> (...)."""

from __future__ import annotations

from math import log
from typing import Any, ClassVar

from ravine import ops
from ravine.losses._ranks import as_floats
from ravine.losses.loss import LossFunctionWrapper

_EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_pred - y_true)^2) over the last axis"""
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_pred, y_true)), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_pred - y_true|) over the last axis"""
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.mean(ops.absolute(ops.subtract(y_pred, y_true)), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean(|y_pred - y_true| / max(|y_true|, 1e-7)) over the last axis"""
    y_true, y_pred = as_floats(y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), _EPSILON)
    return ops.multiply(ops.mean(ops.absolute(ops.divide(ops.subtract(y_true, y_pred), size)), -1), 100.0)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(1 + y_pred) - log(1 + y_true))^2) over the last axis, values being at least 1e-7"""
    y_true, y_pred = as_floats(y_true, y_pred)
    log_pred, log_true = ops.log1p(ops.maximum(y_pred, _EPSILON)), ops.log1p(ops.maximum(y_true, _EPSILON))
    return ops.mean(ops.square(ops.subtract(log_pred, log_true)), -1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean over the last axis of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2 (Huber 1964)"""
    y_true, y_pred = as_floats(y_true, y_pred)
    error = ops.absolute(ops.subtract(y_pred, y_true))
    square = ops.multiply(ops.square(error), 0.5)
    line = ops.subtract(ops.multiply(error, delta), 0.5 * delta * delta)
    return ops.mean(ops.where(ops.less_equal(error, delta), square, line), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis, as e + softplus(-2 e) - log(2), which does not overflow"""
    y_true, y_pred = as_floats(y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    return ops.mean(ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2.0))), log(2.0)), -1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """-sum(y_true / |y_true| * y_pred / |y_pred|) over `axis`: -1 for vectors of the same direction, 0 at right angles
    or where a vector is 0, 1 for opposite ones"""
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.negative(ops.sum(ops.multiply(ops.normalize(y_true, axis), ops.normalize(y_pred, axis)), axis))


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


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """`mean_absolute_percentage_error` as a loss"""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """`mean_squared_logarithmic_error` as a loss"""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """`huber` as a loss. The configuration holds a `delta` other than 1; Keras' loses it."""

    _unwritten: ClassVar[dict[str, Any]] = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """`log_cosh` as a loss"""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None):
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """`cosine_similarity` as a loss. The configuration holds an `axis` other than -1; Keras' loses it."""

    _unwritten: ClassVar[dict[str, Any]] = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
