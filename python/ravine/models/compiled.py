"""What `compile` was given: the optimizer, and the losses and metrics of each output of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ravine import _tree, losses, optimizers
from ravine import metrics as metrics_module
from ravine.models.checks import Shape, check_targets

_INFERRED_LOSS = ("crossentropy", "ce")
_INFERRED_METRICS = ("accuracy", "acc", "crossentropy", "ce")


@dataclass
class Output:
    """One output of a model: its name where there are several, its loss (None: it has none) and its metrics."""

    name: str | None
    loss: Callable[..., Any] | None
    weight: float | None
    tracker: Any = None  # the running mean of this output's loss, where there are several losses
    metrics: list[Any] = field(default_factory=list)
    weighted_metrics: list[Any] = field(default_factory=list)


class Compiled:
    """The resolved arguments of `compile`. Names are checked at once; what depends on the model's outputs and the
    shapes of the targets ("accuracy", "crossentropy", which loss belongs to which output) is settled when the first
    step is traced.

    Raises:
        ValueError: an unknown name; the message suggests close matches.
        TypeError: a loss weight that is not a number.
    """

    def __init__(self, optimizer: Any, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self.optimizer = optimizers.get(optimizer)
        self.loss_tracker = metrics_module.Mean(name="loss")
        self._losses = _mapped(_checked_loss, loss)
        self._loss_weights = _mapped(_checked_weight, loss_weights)
        self._metrics = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        for given in self._metrics.values():
            _mapped(_check_metric, given)
        self.outputs: list[Output] = []
        self._names: dict[int, str] = {}  # of metrics, by identity

    # What belongs to which output.

    def settle(self, y: Any, y_pred: Any, model: Any) -> None:
        """Find out, once, what belongs to each of the outputs `y_pred`; check that the targets `y` fit the losses.

        Raises:
            ValueError: more or fewer losses or metrics than outputs, or names of outputs that there are not.
        """
        shapes = [tuple(x.shape) for x in _tree.leaves(y_pred)]
        targets = self._targets(y, y_pred)
        if not self.outputs:
            names = _output_names(y_pred, model)
            self.outputs = self._settled(names, targets, shapes)
            self._name_metrics()
        self.check_targets(y, shapes, model._label, y_pred)

    def check_targets(self, y: Any, shapes: Sequence[Shape], where: str, y_pred: Any = None) -> None:
        """Raises ValueError where the targets do not fit the loss of their output."""
        targets = self._targets(y, y_pred)
        for output, target, shape in zip(self.outputs, targets, shapes, strict=True):
            place = where if output.name is None else f"{where}, output {output.name!r}"
            check_targets(output.loss, target, shape, place)

    def _targets(self, y: Any, y_pred: Any) -> list[Any]:
        """The targets, one for each output; None where there are none."""
        count = len(self.outputs) if y_pred is None else len(_tree.leaves(y_pred))
        if y is None:
            return [None] * count
        if isinstance(y, dict) and isinstance(y_pred, dict) and set(y_pred) <= set(y):
            y = [y[key] for key in y_pred]
        targets = _tree.leaves(y)
        if len(targets) != count:
            raise ValueError(f"y: expected targets for {count} outputs, received {len(targets)}.")
        return targets

    def _settled(self, names: list[str], targets: list[Any], shapes: list[Shape]) -> list[Output]:
        several = len(names) > 1
        given_losses = self._per_output(self._losses, names, "loss", spread=True)
        weights = self._per_output(self._loss_weights, names, "loss_weights", spread=True)
        outputs = []
        for name, loss, weight, target, shape in zip(names, given_losses, weights, targets, shapes, strict=True):
            resolved = _as_loss(loss, target, shape)
            output = Output(name if several else None, resolved, weight)
            if several and resolved is not None:
                output.tracker = metrics_module.Mean(name="loss")
            outputs.append(output)
        for kind, given in self._metrics.items():
            lists = [_flat(given)] if not several else self._per_output(given, names, kind)
            for output, identifiers, target, shape in zip(outputs, lists, targets, shapes, strict=True):
                if target is not None:
                    target_shape = (None, *target.shape[1:])
                    found = [metrics_module.resolve(m, target_shape, shape) for m in _flat(identifiers)]
                    setattr(output, kind, found)
        return outputs

    @staticmethod
    def _per_output(given: Any, names: list[str], what: str, spread: bool = False) -> list[Any]:
        """`given` as a list with an entry for each output: by position, by name, or the same for all with `spread`."""
        if given is None:
            return [None] * len(names)
        if isinstance(given, dict) and "class_name" not in given:
            unknown = [repr(name) for name in given if name not in names]
            if unknown and len(names) == len(given) == 1:
                return list(given.values())
            if unknown:
                known = ", ".join(map(repr, names))
                raise ValueError(
                    f"compile: {what} names the output(s) {', '.join(unknown)}; the model's outputs are {known}."
                )
            return [given.get(name) for name in names]
        if isinstance(given, (list, tuple)):
            if len(given) == len(names):
                return list(given)
            raise ValueError(
                f"compile: expected {what} for {len(names)} output(s) ({', '.join(names)}), received {len(given)}."
            )
        if spread:
            return [given] * len(names)
        raise ValueError(
            f"compile: the model has {len(names)} outputs; pass {what} as a list with an entry for each, or as a dict "
            f"by the names {', '.join(map(repr, names))}."
        )

    # Names as Keras gives them.

    def _name_metrics(self) -> None:
        """A metric is `name`, with several outputs `output_name`; a weighted one whose name is taken becomes
        `weighted_name`, and what is still the same gets a number."""
        taken = {"loss"}
        for output in self.outputs:
            prefix = "" if output.name is None else f"{output.name}_"
            if output.tracker is not None:
                self._names[id(output.tracker)] = f"{prefix}loss"
                taken.add(f"{prefix}loss")
        for kind in ("metrics", "weighted_metrics"):
            for output in self.outputs:
                prefix = "" if output.name is None else f"{output.name}_"
                for metric in getattr(output, kind):
                    name = f"{prefix}{metric.name}"
                    if kind == "weighted_metrics" and name in taken:
                        name = f"{prefix}weighted_{metric.name}"
                    number, base = 0, name
                    while name in taken:
                        number += 1
                        name = f"{base}_{number}"
                    self._names[id(metric)] = name
                    taken.add(name)

    def name_of(self, metric: Any) -> str:
        """The name under which logs and the history show a metric."""
        return self._names.get(id(metric), metric.name)

    @property
    def metrics(self) -> list[Any]:
        """The losses of the outputs where there are several, then output by output the metrics and the weighted
        metrics; before the first step those that were passed as objects."""
        if not self.outputs:
            given = [m for entry in self._metrics.values() for m in _leaves(entry)]
            return [m for m in given if isinstance(m, metrics_module.Metric)]
        trackers = [output.tracker for output in self.outputs if output.tracker is not None]
        return [*trackers, *(m for output in self.outputs for m in output.metrics + output.weighted_metrics)]

    @property
    def loss_name(self) -> str:
        """The name of the loss of a model with one output, as given; empty when there is none."""
        found = [x for x in _leaves(self._losses) if x is not None]
        if len(found) != 1:
            return ""
        return found[0] if isinstance(found[0], str) else getattr(found[0], "name", getattr(found[0], "__name__", ""))

    # What a step computes.

    def loss_parts(self, y: Any, y_pred: Any, sample_weight: Any) -> list[Any]:
        """The weighted losses of the outputs, to be added up."""
        parts = []
        for output, target, prediction, weight in self._by_output(y, y_pred, sample_weight):
            if output.loss is None:
                continue
            loss = output.loss(target, prediction, weight)
            if output.tracker is not None:
                output.tracker.update_state(loss, sample_weight=_batch_size(prediction))
            parts.append(loss if output.weight is None else loss * output.weight)
        return parts

    def update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        for output, target, prediction, weight in self._by_output(y, y_pred, sample_weight):
            for metric in output.metrics:
                metric.update_state(target, prediction)
            for metric in output.weighted_metrics:
                metric.update_state(target, prediction, sample_weight=weight)

    def _by_output(self, y: Any, y_pred: Any, sample_weight: Any) -> Iterator[tuple[Output, Any, Any, Any]]:
        predictions = _tree.leaves(y_pred)
        weights = _tree.leaves(sample_weight)
        if len(weights) == 1:
            weights = weights * len(predictions)
        targets = [_as_column(*pair) for pair in zip(self._targets(y, y_pred), predictions, strict=True)]
        return zip(self.outputs, targets, predictions, weights, strict=True)


def _as_column(target: Any, prediction: Any) -> Any:
    """Targets (n,) for an output of shape (n, 1) as (n, 1): what a user computes with both must not pair every sample
    with every other."""
    if target is not None and len(target.shape) == 1 and tuple(prediction.shape[1:]) == (1,):
        return target[:, None]
    return target


def _batch_size(tensor: Any) -> Any:
    from ravine import ops

    return ops.batch_size(tensor)


def _output_names(y_pred: Any, model: Any) -> list[str]:
    if model._network is not None:
        return model.output_names
    if isinstance(y_pred, dict):
        return [str(key) for key in y_pred]
    return [f"output_{number}" for number in range(1, len(_tree.leaves(y_pred)) + 1)]


def _leaves(given: Any) -> list[Any]:
    """The entries of nested lists and dictionaries; a configuration counts as one."""
    found: list[Any] = []
    _mapped(found.append, given)
    return found


def _mapped(function: Callable[[Any], Any], given: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_mapped(function, entry) for entry in given]
    if isinstance(given, dict) and "class_name" not in given:
        return {key: _mapped(function, entry) for key, entry in given.items()}
    return None if given is None else function(given)


def _is_inferred(loss: Any) -> bool:
    return isinstance(loss, str) and loss.lower() in _INFERRED_LOSS


def _checked_loss(identifier: Any) -> Any:
    return identifier if _is_inferred(identifier) else losses.get(identifier)


def _as_loss(identifier: Any, target: np.ndarray | None, prediction: Shape) -> Callable[..., Any] | None:
    """A loss; "crossentropy" becomes the binary, sparse or categorical one that fits the shapes."""
    if identifier is None:
        return None
    if _is_inferred(identifier):
        if target is None:
            raise ValueError(f"compile: loss={identifier!r} is chosen by the targets' shape, but y is None.")
        if prediction[-1:] == (1,):
            identifier = "binary_crossentropy"
        elif target.ndim < len(prediction) or target.shape[-1] == 1:
            identifier = "sparse_categorical_crossentropy"
        else:
            identifier = "categorical_crossentropy"
    loss = losses.get(identifier)
    if isinstance(loss, losses.Loss):
        return loss
    name = getattr(loss, "__name__", type(loss).__name__)
    return losses.LossFunctionWrapper(loss, name=name)


def _checked_weight(weight: Any) -> float:
    if isinstance(weight, bool) or not isinstance(weight, (int, float, np.number)):
        raise TypeError(f"compile: loss_weights expected a number, received {weight!r}.")
    return float(weight)


def _flat(metrics: Any) -> list[Any]:
    return [metric for metric in _leaves(metrics) if metric is not None]


def _check_metric(identifier: Any) -> None:
    if isinstance(identifier, str) and identifier.lower() in _INFERRED_METRICS:
        return
    metrics_module.get(identifier)
