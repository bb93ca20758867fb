"""The cross-entropies.

From logits they are computed without overflow. From probabilities, rows are first brought to a sum of 1 and values are
kept within [1e-7, 1 - 1e-7], as Keras does; but when traced probabilities come straight from a softmax or a sigmoid,
its input is used, so that a loss of any size is exact and its gradient never vanishes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import ops
from ravine.losses._logits import logits_behind
from ravine.losses.loss import Loss, LossFunctionWrapper
from ravine.ops.trace import SymbolicTensor

_EPSILON = 1e-7


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log p[label] per sample: labels (...) or (..., 1) and predictions (..., C) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        ignore_class: a label whose samples have loss 0.

    Raises:
        ValueError: when the shapes do not fit, or for a label outside [0, C).
    """
    y_pred = _classes_last(y_pred, axis)
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if len(labels) == len(shape) and labels[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    if not shape or ops.shape(y_true) != shape[:-1]:
        raise ValueError(
            f"sparse_categorical_crossentropy: expected labels of shape {shape[:-1]} for predictions of shape {shape}, "
            f"received shape {labels}."
            + (" Use categorical_crossentropy for one-hot labels." if labels == shape else "")
        )
    valid = None
    if ignore_class is not None:
        valid = ops.not_equal(y_true, ignore_class)
        y_true = ops.where(valid, y_true, 0)
    if not isinstance(y_true, SymbolicTensor):
        _check_labels(np.asarray(y_true), shape[-1])
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax")
    if logits is not None:
        losses = ops.softmax_crossentropy(y_true, logits, sparse=True)
    else:
        losses = _from_probabilities(ops.one_hot(y_true, shape[-1]), y_pred)
    return losses if valid is None else ops.where(valid, losses, 0.0)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y log p) per sample: (..., C) and (..., C) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / C (Szegedy et al. 2016).

    Raises:
        ValueError: when the shapes differ.
    """
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if labels != shape:
        raise ValueError(
            f"categorical_crossentropy: expected labels of shape {shape}, received shape {labels}. "
            f"Use sparse_categorical_crossentropy for class indices."
        )
    y_true, y_pred = _classes_last(y_true, axis), _classes_last(y_pred, axis)
    if label_smoothing:
        classes = ops.shape(y_pred)[-1]
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), label_smoothing / classes)
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax")
    if logits is not None:
        return ops.softmax_crossentropy(y_true, logits, sparse=False)
    return _from_probabilities(y_true, y_pred)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-(y log p + (1 - y) log(1 - p)), the mean over `axis`: (..., D) and (..., D) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / 2.
    """
    if label_smoothing:
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), 0.5 * label_smoothing)
    logits = y_pred if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is not None:
        return ops.mean(ops.sigmoid_crossentropy(y_true, logits), axis)
    y_pred = ops.clip(y_pred, _EPSILON, 1.0 - _EPSILON)
    positive = ops.multiply(y_true, ops.log(y_pred))
    negative = ops.multiply(ops.subtract(1.0, y_true), ops.log(ops.subtract(1.0, y_pred)))
    return ops.negative(ops.mean(ops.add(positive, negative), axis))


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy` as a loss. With `ignore_class` the mean is over the other samples."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        loss = super().__call__(y_true, y_pred, sample_weight)
        if self.ignore_class is None or self.reduction not in ("sum_over_batch_size", "mean"):
            return loss
        valid = ops.mean(ops.cast(ops.not_equal(y_true, self.ignore_class), "float32"))
        return ops.divide_no_nan(loss, valid)

    def get_config(self) -> dict:
        config = Loss.get_config(self)
        return {**config, "from_logits": self.from_logits, "ignore_class": self.ignore_class}


class CategoricalCrossentropy(LossFunctionWrapper):
    """`categorical_crossentropy` as a loss"""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._fn_kwargs)


class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy` as a loss"""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


def _from_probabilities(y_true: Any, y_pred: Any) -> Any:
    y_pred = ops.divide(y_pred, ops.sum(y_pred, -1, keepdims=True))
    log_p = ops.log(ops.clip(y_pred, _EPSILON, 1.0 - _EPSILON))
    return ops.negative(ops.sum(ops.multiply(y_true, log_p), -1))


def _classes_last(x: Any, axis: int) -> Any:
    return x if axis in (-1, ops.ndim(x) - 1) else ops.moveaxis(x, axis, -1)


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"sparse_categorical_crossentropy: expected labels from 0 to {classes - 1}, "
            f"received labels from {labels.min():g} to {labels.max():g}."
        )
