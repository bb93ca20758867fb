"""From what users write in ``compile(metrics=[...])`` to metric objects."""

from __future__ import annotations

from typing import Any

from ravine._names import to_snake_case
from ravine.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from ravine.metrics.metric import Metric
from ravine.metrics.probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from ravine.metrics.reduction import MeanMetricWrapper

_BY_SHAPE = {
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}
_SHORT = {"acc": "accuracy", "ce": "crossentropy"}


def resolve(identifier: Any, y_true_shape: tuple, y_pred_shape: tuple) -> Metric | None:
    """The metric that an identifier stands for, given the shapes of labels and predictions.

    ``accuracy`` (``acc``) and ``crossentropy`` (``ce``) depend on the shapes: binary when predictions have a last
    dimension of 1 (or none), sparse when labels have a lower rank or a last dimension of 1, else categorical. A metric
    that was given by name is called by that name; a function becomes a `MeanMetricWrapper` with its name.
    """
    if identifier is None:
        return None
    by_shape = None
    if isinstance(identifier, str):
        name = identifier.lower()
        by_shape = _BY_SHAPE.get(_SHORT.get(name, name))
    if by_shape is not None:
        metric: Any = by_shape[kind_of(y_true_shape, y_pred_shape)](name=identifier)
    else:
        from ravine import metrics

        metric = metrics.get(identifier)
        if not isinstance(metric, Metric):
            metric = MeanMetricWrapper(metric, name=_name_of(metric))
        if isinstance(identifier, str):
            metric.name = identifier
    return metric


def kind_of(y_true_shape: tuple, y_pred_shape: tuple) -> int:
    """0 for binary, 1 for sparse and 2 for one-hot classification."""
    if len(y_pred_shape) < 2 or y_pred_shape[-1] == 1:
        return 0
    return 1 if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1 else 2


def _name_of(function: Any) -> str:
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    return name.strip("<>") if isinstance(name, str) else to_snake_case(type(function).__name__)  # "<lambda>"
