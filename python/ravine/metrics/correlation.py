"""Correlations, each along an axis of the values and then averaged over samples."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import as_floats
from ravine.metrics.reduction import MeanMetricWrapper

_EPSILON = 1e-7


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation along `axis`, from -1 to 1: (..., D) -> (...). NaN where labels or predictions are all
    equal."""
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.mean(ops.multiply(_standardized(y_true, axis), _standardized(y_pred, axis)), axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's concordance correlation along `axis`: (..., D) -> (...). From -1 to 1, which it is for equal values only:
    2 cov / (var_true + var_pred + (mean_true - mean_pred)^2 + 1e-7) (Lin 1989)."""
    y_true, y_pred = as_floats(y_true, y_pred)
    mean_true, mean_pred = ops.mean(y_true, axis, keepdims=True), ops.mean(y_pred, axis, keepdims=True)
    spread = ops.add(ops.var(y_true, axis, keepdims=True), ops.var(y_pred, axis, keepdims=True))
    apart = ops.add(spread, ops.square(ops.subtract(mean_true, mean_pred)))
    covariance = ops.multiply(ops.subtract(y_true, mean_true), ops.subtract(y_pred, mean_pred))
    return ops.mean(ops.divide(ops.multiply(covariance, 2.0), ops.add(apart, _EPSILON)), axis)


def _standardized(x: Any, axis: int) -> Any:
    return ops.divide(ops.subtract(x, ops.mean(x, axis, keepdims=True)), ops.std(x, axis, keepdims=True))


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`"""

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`"""

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
