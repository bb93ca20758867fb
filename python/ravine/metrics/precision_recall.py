"""Precision and recall, and one of two rates where the other is at least a given value."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.metrics.confusion import _LEFT_OUT, Thresholds, accumulate, add_counts, count
from ravine.metrics.metric import Metric
from ravine.metrics.total import ratio, read
from ravine.variable import Variable


class _Share(Metric):
    """The true positives as a share of them and another outcome; an array when there are several thresholds."""

    _direction = "up"
    _other: str
    true_positives: Variable

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        default = 0.5 if top_k is None else _LEFT_OUT
        self._thresholds = Thresholds.given(type(self).__name__, thresholds, default)
        self.thresholds = self._thresholds.values
        add_counts(self, (len(self._thresholds),), ("true_positives", self._other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        where = type(self).__name__
        accumulate(self, count(where, y_true, y_pred, sample_weight, self._thresholds, self.top_k, self.class_id))

    def result(self) -> Any:
        xp, (hits, others) = read(self.true_positives, getattr(self, self._other))
        share = ratio(xp, hits, hits + others)
        return ops.cast(share[0] if len(self._thresholds) == 1 else share, "float32")

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_Share):
    """The share of what is predicted positive that is true: TP / (TP + FP), 0 when nothing is.

    Args:
        thresholds: a prediction is positive above this; several give one result each. Default 0.5, or none with
            `top_k`.
        top_k: only the k largest predictions of a row can be positive.
        class_id: only this class counts.
    """

    _other = "false_positives"


class Recall(_Share):
    """The share of what is true that is predicted positive: TP / (TP + FN), 0 when nothing is true. Arguments as in
    `Precision`."""

    _other = "false_negatives"


class _AtValue(Metric):
    """The largest value of one rate over all thresholds at which another rate is at least `value`; 0 if none is."""

    _direction = "up"
    _given: str  # the argument that names the rate with the bound
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        where = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{where}: expected `{self._given}` to be from 0 to 1, received {value}.")
        if num_thresholds <= 0:
            raise ValueError(f"{where}: expected num_thresholds of 1 or more, received {num_thresholds}.")
        super().__init__(name=name, dtype=dtype)
        self.value = value
        setattr(self, self._given, value)
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self._thresholds = Thresholds.spread(num_thresholds)
        self.thresholds = self._thresholds.values
        outcomes = ("true_positives", "false_positives", "true_negatives", "false_negatives")
        add_counts(self, (num_thresholds,), outcomes)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        where = type(self).__name__
        accumulate(self, count(where, y_true, y_pred, sample_weight, self._thresholds, class_id=self.class_id))

    def _rates(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        """The rate with the bound, and the one that is maximized."""
        raise NotImplementedError

    def result(self) -> Any:
        xp, counts = read(self.true_positives, self.false_positives, self.true_negatives, self.false_negatives)
        bounded, wanted = self._rates(xp, *counts)
        return ops.cast(xp.max(xp.where(xp.greater_equal(bounded, self.value), wanted, 0.0)), "float32")

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self._given: self.value,
        }


class SensitivityAtSpecificity(_AtValue):
    """The best sensitivity TP / (TP + FN) where the specificity TN / (TN + FP) is at least `specificity`

    Args:
        specificity: from 0 to 1.
        num_thresholds: how many thresholds are tried, evenly from 0 to 1.
        class_id: only this class counts.
    """

    _given = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def _rates(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        return ratio(xp, tn, tn + fp), ratio(xp, tp, tp + fn)


class SpecificityAtSensitivity(_AtValue):
    """The best specificity TN / (TN + FP) where the sensitivity TP / (TP + FN) is at least `sensitivity`. Arguments as
    in `SensitivityAtSpecificity`."""

    _given = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def _rates(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        return ratio(xp, tp, tp + fn), ratio(xp, tn, tn + fp)


class PrecisionAtRecall(_AtValue):
    """The best precision TP / (TP + FP) where the recall TP / (TP + FN) is at least `recall`. Arguments as in
    `SensitivityAtSpecificity`."""

    _given = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def _rates(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        return ratio(xp, tp, tp + fn), ratio(xp, tp, tp + fp)


class RecallAtPrecision(_AtValue):
    """The best recall TP / (TP + FN) where the precision TP / (TP + FP) is at least `precision`. Arguments as in
    `SensitivityAtSpecificity`."""

    _given = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def _rates(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
        return ratio(xp, tp, tp + fp), ratio(xp, tp, tp + fn)
