"""Counting hits and misses of binary decisions at one or many thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ravine import ops
from ravine.losses._ranks import as_floats, weights_like
from ravine.metrics.metric import Metric

# What a prediction outside the k largest counts as, and the threshold that all others pass.
_LEFT_OUT = -1e10


class Counts(NamedTuple):
    """Sums of weights, one for every threshold (and label)."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


class Thresholds:
    """The thresholds of a metric.

    Evenly spaced ones from 0 to 1 are compared as Keras does it, by the interval that a prediction falls into.

    Args:
        values: in [0, 1], or just outside for the first and the last.
    """

    def __init__(self, values: Iterable[float]):
        self.values = [float(value) for value in values]
        steps = len(self.values) - 1
        even = np.arange(steps + 1, dtype=np.float32) / max(steps, 1)
        self._evenly = steps > 1 and np.allclose(self.values, even, atol=1e-7)
        self._all_pass_first = self.values[0] < 0.0

    @classmethod
    def given(cls, where: str, thresholds: Any, default: float) -> Thresholds:
        """From what a user wrote: a number, several, or None for the default. Raises ValueError for numbers outside
        [0, 1]."""
        if thresholds is None:
            return cls([default])
        values = list(thresholds) if np.iterable(thresholds) else [thresholds]
        wrong = [value for value in values if value is None or not 0 <= value <= 1]
        if wrong or not values:
            raise ValueError(f"{where}: expected thresholds from 0 to 1, received {thresholds!r}.")
        return cls(values)

    @classmethod
    def spread(cls, count: int, margin: float = 0.0) -> Thresholds:
        """`count` of them from 0 to 1, the first and the last a `margin` further out; 0.5 when there is only one."""
        if count == 1:
            return cls([0.5])
        inner = [(i + 1) / (count - 1) for i in range(count - 2)]
        return cls([0.0 - margin, *inner, 1.0 + margin])

    def __len__(self) -> int:
        return len(self.values)

    def below(self, p: Any, axis: int = -1) -> Any:
        """Which thresholds lie below the predictions: 0 or 1 for each threshold along a new `axis`."""
        p = ops.expand_dims(p, axis)
        shape = (len(self), *[1] * (-1 - axis))
        if not self._evenly:
            return ops.cast(ops.greater(p, np.asarray(self.values, np.float32).reshape(shape)), "float32")
        interval = ops.subtract(ops.ceil(ops.multiply(ops.clip(p, 0.0, 1.0), float(len(self) - 1))), 1.0)
        if self._all_pass_first:
            interval = ops.relu(interval)
        return ops.cast(ops.greater_equal(interval, np.arange(len(self), dtype=np.float32).reshape(shape)), "float32")


def count(
    where: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    thresholds: Thresholds,
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
    label_weights: Any = None,
) -> Counts:
    """The counts of one batch: (thresholds,), or (thresholds, labels) when there are several labels.

    Args:
        where: the metric, for messages.
        y_true: labels, true where they are not 0.
        y_pred: predictions, positive where they are above a threshold.
        sample_weight: one per sample or per value, or None.
        top_k: only the k largest predictions of a row can be positive.
        class_id: only this place in the last dimension counts.
        multi_label: count each place in the last dimension by itself.
        label_weights: a factor for each place in the last dimension.
    """
    y_true, y_pred = as_floats(y_true, y_pred)
    shape = ops.shape(y_pred)
    if ops.shape(y_true) != shape:
        raise ValueError(f"{where}: expected labels of shape {shape}, received shape {ops.shape(y_true)}.")
    weights = None if sample_weight is None else weights_like(ops.cast(sample_weight, "float32"), y_pred)
    if top_k is not None:
        y_pred = _largest(where, y_pred, top_k)
    if class_id is not None:
        if len(shape) < 2 or not 0 <= class_id < shape[-1]:
            raise ValueError(
                f"{where}: class_id {class_id} needs predictions of shape (samples, classes) with more than {class_id} "
                f"classes, received shape {shape}."
            )
        y_true, y_pred = y_true[..., class_id : class_id + 1], y_pred[..., class_id : class_id + 1]
        if weights is not None and ops.shape(weights) == shape:
            weights = weights[..., class_id : class_id + 1]
    positive = ops.cast(ops.not_equal(y_true, 0.0), "float32")
    negative = ops.subtract(1.0, positive)
    if label_weights is not None:
        weights = label_weights if weights is None else ops.multiply(weights, label_weights)
    if weights is not None:
        positive, negative = ops.multiply(positive, weights), ops.multiply(negative, weights)
    axis = -2 if multi_label else -1
    above = thresholds.below(y_pred, axis)
    true_positives = _summed(ops.multiply(above, ops.expand_dims(positive, axis)), multi_label)
    false_positives = _summed(ops.multiply(above, ops.expand_dims(negative, axis)), multi_label)
    return Counts(
        true_positives,
        false_positives,
        ops.subtract(_total(negative, multi_label), false_positives),
        ops.subtract(_total(positive, multi_label), true_positives),
    )


def _summed(x: Any, multi_label: bool) -> Any:
    return ops.sum(x, 0 if multi_label else list(range(ops.ndim(x) - 1)))


def _total(x: Any, multi_label: bool) -> Any:
    return ops.sum(x, 0 if multi_label else None)


def _largest(where: str, x: Any, k: int) -> Any:
    """`x` where it is one of the k largest of its row (the first of equal ones), else `_LEFT_OUT`."""
    classes = ops.shape(x)[-1] if ops.ndim(x) else 0
    if not 0 < k <= classes:
        raise ValueError(f"{where}: expected top_k from 1 to {classes}, the number of classes, received {k}.")
    rest = x
    for _ in range(k):
        largest = ops.one_hot(ops.argmax(rest, -1), classes)
        rest = ops.where(largest, -np.inf, rest)
    return ops.where(ops.equal(rest, -np.inf), x, _LEFT_OUT)


class _Count(Metric):
    """The weight of one of the four outcomes: a number, or an array when there are several thresholds."""

    _outcome: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self._thresholds = Thresholds.given(type(self).__name__, thresholds, 0.5)
        self.thresholds = self._thresholds.values
        self.accumulator = self.add_variable((len(self._thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = count(type(self).__name__, y_true, y_pred, sample_weight, self._thresholds)
        self.accumulator.assign_add(getattr(counts, self._outcome))

    def result(self) -> Any:
        counted = ops.convert_to_tensor(self.accumulator)
        return ops.cast(counted[0] if len(self._thresholds) == 1 else counted, "float32")

    def get_config(self) -> dict:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """The weight of what is true and predicted above the threshold (by default 0.5)"""

    _outcome = "true_positives"


class FalsePositives(_Count):
    """The weight of what is false and predicted above the threshold (by default 0.5)"""

    _outcome = "false_positives"


class TrueNegatives(_Count):
    """The weight of what is false and not predicted above the threshold (by default 0.5)"""

    _outcome = "true_negatives"


class FalseNegatives(_Count):
    """The weight of what is true and not predicted above the threshold (by default 0.5)"""

    _outcome = "false_negatives"


def add_counts(metric: Metric, shape: Sequence[int], outcomes: Iterable[str]) -> None:
    """Give a metric an attribute and variable for each of these outcomes."""
    for outcome in outcomes:
        setattr(metric, outcome, metric.add_variable(tuple(shape), "zeros", name=outcome))


def accumulate(metric: Metric, counts: Counts) -> None:
    """Add the counts of a batch to those of its variables that the metric has."""
    for outcome, value in counts._asdict().items():
        if hasattr(metric, outcome):
            getattr(metric, outcome).assign_add(value)
