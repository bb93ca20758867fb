"""Losses between distributions other than the cross-entropies."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import as_floats
from ravine.losses.loss import LossFunctionWrapper

_EPSILON = 1e-7


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true log(y_true / y_pred)) over the last axis, both kept within [1e-7, 1]: (..., C) -> (...)
    (Kullback & Leibler 1951)"""
    y_true, y_pred = as_floats(y_true, y_pred)
    y_true, y_pred = ops.clip(y_true, _EPSILON, 1.0), ops.clip(y_pred, _EPSILON, 1.0)
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), -1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true log(y_pred + 1e-7)) over the last axis: (..., D) -> (...). The negative log-likelihood of
    counts with the means y_pred, less a constant."""
    y_true, y_pred = as_floats(y_true, y_pred)
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, ops.log(ops.add(y_pred, _EPSILON)))), -1)


class KLDivergence(LossFunctionWrapper):
    """`kl_divergence` as a loss"""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ):
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """`poisson` as a loss"""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, reduction, name, dtype)
