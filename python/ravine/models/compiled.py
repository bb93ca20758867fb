"""What `compile` was given: the optimizer, the loss and the metrics of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravine import losses, optimizers
from ravine import metrics as metrics_module
from ravine.models.checks import Shape

INFERRED_LOSS = ("crossentropy", "ce")


class Compiled:
    """The resolved arguments of `compile`. Names are checked at once, and what depends on the shapes of the targets
    and the predictions ("accuracy", "crossentropy") is settled when the first step is traced.

    Raises:
        ValueError: an unknown name; the message suggests close matches.
    """

    def __init__(self, optimizer: Any, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self.optimizer = optimizers.get(optimizer)
        self.loss_tracker = metrics_module.Mean(name="loss")
        self._loss = _single(loss, "loss")
        self._resolved_loss = None if self._is_inferred() else _as_loss(self._loss)
        self.loss_weight = _loss_weight(loss_weights)
        self._identifiers = {False: _flat(metrics), True: _flat(weighted_metrics)}
        self._metrics: dict[bool, list[Any]] = {False: [], True: []}
        self._metrics_built = False
        for identifier in self._identifiers[False] + self._identifiers[True]:
            _check_metric(identifier)

    def _is_inferred(self) -> bool:
        return isinstance(self._loss, str) and self._loss.lower() in INFERRED_LOSS

    @property
    def loss(self) -> Callable[..., Any] | None:
        return self._resolved_loss

    @property
    def metrics(self) -> list[Any]:
        """All metric objects: those built already and those that were passed as objects."""
        if self._metrics_built:
            return self._metrics[False] + self._metrics[True]
        return [m for group in self._identifiers.values() for m in group if isinstance(m, metrics_module.Metric)]

    def loss_for(self, y: np.ndarray | None, y_pred_shape: Shape) -> Callable[..., Any] | None:
        """The loss; "crossentropy" becomes the binary, sparse or categorical one that fits the shapes."""
        if self._is_inferred() and self._resolved_loss is None and y is not None:
            if y_pred_shape[-1:] == (1,):
                name = "binary_crossentropy"
            elif y.ndim < len(y_pred_shape) or y.shape[-1] == 1:
                name = "sparse_categorical_crossentropy"
            else:
                name = "categorical_crossentropy"
            self._resolved_loss = _as_loss(name)
        return self._resolved_loss

    def build_metrics(self, y_shape: Shape | None, y_pred_shape: Shape) -> None:
        if self._metrics_built or y_shape is None:
            return
        for weighted, identifiers in self._identifiers.items():
            self._metrics[weighted] = [metrics_module.resolve(m, y_shape, y_pred_shape) for m in identifiers]
        _tell_apart(self._metrics)
        self._metrics_built = True

    def update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        for metric in self._metrics[False]:
            metric.update_state(y, y_pred)
        for metric in self._metrics[True]:
            metric.update_state(y, y_pred, sample_weight=sample_weight)


def _tell_apart(metrics: dict[bool, list[Any]]) -> None:
    """Names as Keras gives them: a weighted metric whose name is taken becomes `weighted_<name>`, and what is still
    the same gets a number."""
    taken = {"loss"}
    for weighted, group in metrics.items():
        for metric in group:
            name = f"weighted_{metric.name}" if weighted and metric.name in taken else metric.name
            number, base = 0, name
            while name in taken:
                number += 1
                name = f"{base}_{number}"
            if name != metric.name:
                metric.name = name
            taken.add(name)


def _as_loss(identifier: Any) -> Callable[..., Any] | None:
    if identifier is None:
        return None
    loss = losses.get(identifier)
    if isinstance(loss, losses.Loss):
        return loss
    name = getattr(loss, "__name__", type(loss).__name__)
    return losses.LossFunctionWrapper(loss, name=name)


def _single(value: Any, what: str) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(
                f"compile: expected one {what}, received {len(value)}. Models with several outputs are not supported."
            )
        return value[0]
    return value


def _loss_weight(loss_weights: Any) -> float | None:
    weight = _single(loss_weights, "entry in loss_weights")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, (int, float, np.number))):
        raise TypeError(f"compile: loss_weights expected a number, received {weight!r}.")
    return None if weight is None else float(weight)


def _flat(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, dict) and "class_name" not in metrics:
        metrics = list(metrics.values())
    if not isinstance(metrics, (list, tuple)):
        return [metrics]
    return [metric for entry in metrics if entry is not None for metric in _flat(entry)]


def _check_metric(identifier: Any) -> None:
    if isinstance(identifier, str) and identifier.lower() in ("accuracy", "acc", "crossentropy", "ce"):
        return
    metrics_module.get(identifier)
