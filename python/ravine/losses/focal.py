"""Cross-entropies that give less weight to some samples: to what is predicted well already (the focal ones, Lin et al.
2017), or to what is predicted badly because its label may be wrong (the generalized one).

Logits, given or found behind traced probabilities, are used as in `ravine.losses.crossentropy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine import ops
from ravine.losses._logits import logits_behind
from ravine.losses.crossentropy import EPSILON, binary_targets, normalized, one_hot_targets
from ravine.losses.loss import LossFunctionWrapper


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """(1 - p_t)^gamma times the binary cross-entropy, with p_t = y p + (1 - y)(1 - p), the mean over `axis`:
    (..., D) and (..., D) give losses (...).

    Args:
        apply_class_balancing: multiply by alpha where y is 1, and by 1 - alpha where it is 0.
        alpha: the weight of class 1 when classes are balanced.
        gamma: how fast the weight falls while a prediction gets better; with 0 it does not.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / 2.
    """
    y_true, y_pred = binary_targets(y_true, y_pred, label_smoothing)
    logits = y_pred if from_logits else logits_behind(y_pred, "sigmoid")
    not_y = ops.subtract(1.0, y_true)
    if logits is not None:
        losses = ops.sigmoid_crossentropy(y_true, logits)
        p, not_p = ops.sigmoid(logits), ops.sigmoid(ops.negative(logits))
    else:
        losses = ops.binary_crossentropy(y_true, y_pred)
        p, not_p = y_pred, ops.subtract(1.0, y_pred)
    if gamma:
        miss = ops.add(ops.multiply(y_true, not_p), ops.multiply(not_y, p))
        losses = ops.multiply(ops.power(miss, gamma), losses)
    if apply_class_balancing:
        balance = ops.add(ops.multiply(y_true, alpha), ops.multiply(not_y, 1.0 - alpha))
        losses = ops.multiply(balance, losses)
    return ops.mean(losses, axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(alpha (1 - p)^gamma y log p) per sample: (..., C) and (..., C) give losses (...).

    Args:
        alpha: a weight for all classes, or one for each.
        gamma: how fast the weight falls while a prediction gets better; with 0 it does not.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / C.
        axis: where the classes are.

    Raises:
        ValueError: when the shapes differ.
    """
    y_true, y_pred = one_hot_targets("categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis)
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax")
    if logits is not None:
        log_p = ops.log_softmax(logits)
        miss = ops.clip(ops.negative(ops.expm1(log_p)), EPSILON, 1.0 - EPSILON)
    else:
        p = normalized(y_pred)
        log_p, miss = ops.log(p), ops.subtract(1.0, p)
    losses = ops.multiply(y_true, log_p)
    if gamma:
        losses = ops.multiply(ops.power(miss, gamma), losses)
    weight = alpha if isinstance(alpha, (int, float)) else np.asarray(alpha, np.float32)
    return ops.negative(ops.sum(ops.multiply(losses, weight), -1))


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p[label]^q) / q per sample, which lies between the cross-entropy (q near 0) and the absolute error (q = 1)
    and bears wrong labels (Zhang & Sabuncu 2018): labels (...) or (..., 1) and probabilities (..., C) give (...)."""
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if len(labels) == len(shape) and labels[-1:] == (1,):
        y_true = ops.squeeze(y_true, -1)
    if not shape or ops.shape(y_true) != shape[:-1]:
        raise ValueError(
            f"categorical_generalized_cross_entropy: expected class indices of shape {shape[:-1]} for predictions of "
            f"shape {shape}, received shape {labels}."
        )
    p = ops.sum(ops.multiply(ops.one_hot(y_true, shape[-1]), y_pred), -1)
    return ops.divide(ops.subtract(1.0, ops.power(p, q)), q)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """`binary_focal_crossentropy` as a loss"""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """`categorical_focal_crossentropy` as a loss"""

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._fn_kwargs)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """`categorical_generalized_cross_entropy` as a loss. Raises ValueError for a `q` outside (0, 1)."""

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: expected `q` between 0 and 1, received {q}.")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._fn_kwargs)
