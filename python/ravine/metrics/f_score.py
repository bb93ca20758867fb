"""The F-scores: weighted harmonic means of precision and recall."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import as_floats, weights_like
from ravine.metrics.metric import Metric
from ravine.metrics.total import read
from ravine.variable import Variable

_EPSILON = 1e-7
_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall), for labels and predictions of shape
    (samples, classes).

    Args:
        average: None for a score per class; ``macro`` for their mean, ``weighted`` for their mean weighted by how often
            a class is true, ``micro`` for one score of all decisions together.
        beta: how much more recall counts than precision; a float above 0.
        threshold: a prediction is positive above this; None for the largest one of every row.

    Raises:
        ValueError: for arguments that do not exist, and for labels or predictions of another rank.
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        where = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(
                f"{where}: expected an average of None, 'micro', 'macro', 'weighted'; received {average!r}."
            )
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"{where}: expected beta to be a float above 0, received {beta!r}.")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"{where}: expected threshold to be a float above 0 and up to 1, received {threshold!r}.")
        super().__init__(name=name, dtype=dtype)
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, shape: tuple) -> None:
        per_class = () if self.average == "micro" else shape[1:]
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(per_class, "zeros", name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = as_floats(y_true, y_pred)
        shape = ops.shape(y_pred)
        if len(shape) != 2 or ops.shape(y_true) != shape:
            raise ValueError(
                f"{type(self).__name__}: expected labels and predictions of shape (samples, classes), received shapes "
                f"{ops.shape(y_true)} and {shape}."
            )
        if not self._built:
            self._build(shape)
        if self.threshold is None:
            largest = ops.greater_equal(y_pred, ops.max(y_pred, -1, keepdims=True))
            y_pred = ops.logical_and(largest, ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            y_pred = ops.greater(y_pred, self.threshold)
        y_pred = ops.cast(y_pred, "float32")
        weights = None if sample_weight is None else weights_like(ops.cast(sample_weight, "float32"), y_pred)
        axis = None if self.average == "micro" else 0

        def add(total: Variable, values: Any) -> None:
            total.assign_add(ops.sum(values if weights is None else ops.multiply(values, weights), axis))

        add(self.true_positives, ops.multiply(y_pred, y_true))
        add(self.false_positives, ops.multiply(y_pred, ops.subtract(1.0, y_true)))
        add(self.false_negatives, ops.multiply(ops.subtract(1.0, y_pred), y_true))
        add(self.intermediate_weights, y_true)

    def result(self) -> Any:
        if not self._built:
            return ops.cast(0.0, "float32")
        xp, (hits, invented, missed, weights) = read(
            self.true_positives, self.false_positives, self.false_negatives, self.intermediate_weights
        )
        precision = hits / (hits + invented + _EPSILON)
        recall = hits / (hits + missed + _EPSILON)
        score = precision * recall / (self.beta**2 * precision + recall + _EPSILON) * (1 + self.beta**2)
        if self.average == "weighted":
            score = xp.sum(score * (weights / (xp.sum(weights) + _EPSILON)))
        elif self.average is not None:
            score = xp.mean(score)
        return ops.cast(score, "float32")

    def get_config(self) -> dict:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """`FBetaScore` with a beta of 1: the harmonic mean of precision and recall"""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict:
        config = super().get_config()
        del config["beta"]
        return config
