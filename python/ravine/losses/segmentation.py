"""Losses of overlap, for segmentation: one number for the whole batch, or per index of the axes that are left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine import ops
from ravine.losses._ranks import as_floats
from ravine.losses.loss import LossFunctionWrapper

_EPSILON = 1e-7


def dice(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Any:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred) + 1e-7), the sums running over `axis`, or over everything,
    the batch included (Milletari et al. 2016)"""
    y_true, y_pred = as_floats(y_true, y_pred)
    common = ops.sum(ops.multiply(y_true, y_pred), axis)
    total = ops.add(ops.sum(y_true, axis), ops.sum(y_pred, axis))
    return ops.subtract(1.0, ops.divide(ops.multiply(common, 2.0), ops.add(total, _EPSILON)))


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None
) -> Any:
    """1 - c / (c + alpha a + beta b + 1e-7), with c = sum(y_true y_pred), a = sum(y_true (1 - y_pred)) and
    b = sum((1 - y_true) y_pred) over `axis`, or over everything, the batch included (Salehi et al. 2017, with the
    roles of alpha and beta that Keras gives them)"""
    y_true, y_pred = as_floats(y_true, y_pred)
    common = ops.sum(ops.multiply(y_true, y_pred), axis)
    missed = ops.sum(ops.multiply(y_true, ops.subtract(1.0, y_pred)), axis)
    invented = ops.sum(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis)
    wrong = ops.add(ops.multiply(missed, alpha), ops.multiply(invented, beta))
    return ops.subtract(1.0, ops.divide(common, ops.add(ops.add(common, wrong), _EPSILON)))


class Dice(LossFunctionWrapper):
    """`dice` as a loss"""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: int | Sequence[int] | None = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky` as a loss"""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: int | Sequence[int] | None = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
