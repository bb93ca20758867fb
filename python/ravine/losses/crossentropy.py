"""The cross-entropies.

From logits they are computed without overflow. From probabilities, rows are first brought to a sum of 1 and values are
kept within [1e-7, 1 - 1e-7], as Keras does; but when traced probabilities come straight from a softmax or a sigmoid,
its input is used, so that a loss of any size is exact and its gradient never vanishes.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from ravine import ops
from ravine._masks import with_mask
from ravine.losses._logits import logits_behind
from ravine.losses._ranks import as_floats
from ravine.losses.loss import LossFunctionWrapper
from ravine.ops.tracing import SymbolicTensor

EPSILON = 1e-7


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log p[label] per sample: labels (...) or (..., 1) and predictions (..., C) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        ignore_class: a label whose samples have loss 0, and are masked: a `Loss` does not count them.
        axis: where the classes are in `y_pred`.

    Raises:
        ValueError: when the shapes do not fit, or for a label outside [0, C).
    """
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if len(labels) == len(shape) and labels and labels[axis] == 1:
        y_true = ops.squeeze(y_true, axis)
    y_pred = _classes_last(y_pred, axis)
    rows = ops.shape(y_pred)[:-1]
    if not shape or ops.shape(y_true) != rows:
        raise ValueError(
            f"sparse_categorical_crossentropy: expected labels of shape {rows} for predictions of shape {shape}, "
            f"received shape {labels}."
            + (" Use categorical_crossentropy for one-hot labels." if labels == shape else "")
        )
    classes = ops.shape(y_pred)[-1]
    valid = None
    if ignore_class is not None:
        valid = ops.not_equal(y_true, ignore_class)
        y_true = ops.where(valid, y_true, 0)
    if not isinstance(y_true, SymbolicTensor):
        _check_labels(np.asarray(y_true), classes)
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax")
    if logits is not None:
        losses = ops.softmax_crossentropy(y_true, logits, sparse=True)
    else:
        log_p = ops.log(normalized(y_pred))
        losses = ops.negative(ops.sum(ops.multiply(ops.one_hot(y_true, classes), log_p), -1))
    return losses if valid is None else with_mask(ops.where(valid, losses, 0.0), valid)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y log p) per sample: (..., C) and (..., C) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / C (Szegedy et al. 2016).
        axis: where the classes are.

    Raises:
        ValueError: when the shapes differ.
    """
    y_true, y_pred = one_hot_targets("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    logits = y_pred if from_logits else logits_behind(y_pred, "softmax")
    if logits is not None:
        return ops.softmax_crossentropy(y_true, logits, sparse=False)
    return ops.negative(ops.sum(ops.multiply(y_true, ops.log(normalized(y_pred))), -1))


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-(y log p + (1 - y) log(1 - p)), the mean over `axis`: (..., D) and (..., D) give losses (...).

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: e makes the labels y (1 - e) + e / 2.
    """
    y_true, y_pred = binary_targets(y_true, y_pred, label_smoothing)
    logits = y_pred if from_logits else logits_behind(y_pred, "sigmoid")
    if logits is not None:
        return ops.mean(ops.sigmoid_crossentropy(y_true, logits), axis)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred), axis)


def one_hot_targets(where: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int) -> tuple[Any, Any]:
    """Smoothed one-hot labels and predictions, both float32 and with the classes in the last dimension.

    Raises ValueError when the shapes differ; `where` is for its message. Warns about a single class, which has a loss
    of 0 whatever is predicted.
    """
    if isinstance(axis, bool):
        raise ValueError(f"{where}: expected an integer axis, received {axis}.")
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if labels != shape or not shape:
        raise ValueError(
            f"{where}: expected labels of shape {shape}, received shape {labels}. "
            f"Use sparse_categorical_crossentropy for class indices."
        )
    y_true = _classes_last(ops.cast(y_true, "float32"), axis)
    y_pred = _classes_last(ops.cast(y_pred, "float32"), axis)
    classes = ops.shape(y_pred)[-1]
    if classes == 1:
        warnings.warn(
            f"{where}: expected predictions of more than one class, received shape {shape}. "
            f"Use binary_crossentropy and a sigmoid for two classes in one unit.",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), label_smoothing / classes)
    return y_true, y_pred


def binary_targets(y_true: Any, y_pred: Any, label_smoothing: float) -> tuple[Any, Any]:
    """Smoothed labels from 0 to 1 and predictions, both float32 and of the same rank."""
    y_true, y_pred = as_floats(y_true, y_pred)
    if label_smoothing:
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), 0.5 * label_smoothing)
    return y_true, y_pred


def normalized(p: Any) -> Any:
    """Probabilities whose rows have the sum 1, kept within [1e-7, 1 - 1e-7]."""
    return ops.clip(ops.divide(p, ops.sum(p, -1, keepdims=True)), EPSILON, 1.0 - EPSILON)


def _classes_last(x: Any, axis: int) -> Any:
    return x if axis in (-1, ops.ndim(x) - 1) else ops.moveaxis(x, axis, -1)


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"sparse_categorical_crossentropy: expected labels from 0 to {classes - 1}, "
            f"received labels from {labels.min():g} to {labels.max():g}."
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy` as a loss. With `ignore_class` the mean is over the other samples. The
    configuration holds an `axis` other than -1; Keras' loses it."""

    _unwritten: ClassVar[dict[str, Any]] = {"axis": -1}

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

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred, **self._fn_kwargs)


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
