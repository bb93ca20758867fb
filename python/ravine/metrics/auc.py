"""The area under a curve that thresholds draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine import _config, ops
from ravine.metrics.confusion import Thresholds, accumulate, add_counts, count
from ravine.metrics.metric import Metric
from ravine.metrics.total import ratio, read
from ravine.variable import Variable

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")
_OUTCOMES = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class AUC(Metric):
    """The area under a curve, approximated at thresholds.

    Args:
        num_thresholds: how many thresholds there are, evenly from 0 to 1 and a little beyond; 2 or more.
        curve: ``ROC`` (recall over false positive rate), ``PR`` (precision over recall) or ``PRGAIN`` (Flach & Kull
            2015).
        summation_method: ``interpolation`` (trapezoids; for PR the interpolation of Davis & Goadrich 2006),
            ``minoring`` or ``majoring`` (rectangles below or above the curve).
        thresholds: instead of `num_thresholds`, those between 0 and 1.
        multi_label: the mean of the areas of the single labels, rather than one area for all of them.
        num_labels: how many labels there are, when `multi_label`; by default found out with the first batch.
        label_weights: a weight for each label: of its area when `multi_label`, else of its values.
        from_logits: whether predictions are logits, to which a sigmoid is applied.

    Raises:
        ValueError: for arguments that do not exist or do not fit.
    """

    _direction = "up"
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ):
        curve, summation_method = str(curve), str(summation_method)
        if curve.upper() not in _CURVES:
            raise ValueError(f"AUC: expected a curve of {', '.join(_CURVES)}; received {curve!r}.")
        if summation_method.lower() not in _METHODS:
            raise ValueError(
                f"AUC: expected a summation_method of {', '.join(_METHODS)}; received {summation_method!r}."
            )
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"AUC: expected num_thresholds of 2 or more, received {num_thresholds}.")
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels goes with multi_label=True.")
        super().__init__(name=name, dtype=dtype)
        self.curve = curve.upper()
        self.summation_method = summation_method.lower()
        self._own_thresholds = None if thresholds is None else sorted(float(value) for value in thresholds)
        if self._own_thresholds is None:
            self._thresholds = Thresholds.spread(num_thresholds, margin=1e-7)
        else:
            inner = Thresholds.given("AUC", self._own_thresholds, 0.5).values if self._own_thresholds else []
            self._thresholds = Thresholds([-1e-7, *inner, 1.0 + 1e-7])
        self.num_thresholds = len(self._thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float32)
        self.from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    @property
    def thresholds(self) -> list[float]:
        return list(self._thresholds.values)

    def _build(self, labels: tuple[int, ...]) -> None:
        add_counts(self, (self.num_thresholds, *labels), _OUTCOMES)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        shape = ops.shape(y_pred)
        if self.multi_label and len(shape) != 2:
            raise ValueError(f"AUC: multi_label expects predictions of shape (samples, labels), received {shape}.")
        if not self._built:
            self._build(shape[1:])
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        label_weights = None if self.multi_label else self.label_weights
        accumulate(
            self,
            count(
                "AUC", y_true, y_pred, sample_weight, self._thresholds,
                multi_label=self.multi_label, label_weights=label_weights,
            ),
        )  # fmt: skip

    def result(self) -> Any:
        if not self._built:
            return ops.cast(0.0, "float32")
        xp, counts = read(*(getattr(self, outcome) for outcome in _OUTCOMES))
        interpolated = self.curve == "PR" and self.summation_method == "interpolation"
        areas = xp.sum((_interpolated if interpolated else self._rectangles)(xp, *counts), axis=0)
        if not self.multi_label:
            return ops.cast(areas, "float32")
        if self.label_weights is None:
            return ops.cast(xp.mean(areas), "float32")
        return ops.cast(ratio(xp, xp.sum(areas * self.label_weights), self.label_weights.sum()), "float32")

    def _rectangles(self, xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> Any:
        x, y = _CURVE_POINTS[self.curve](xp, tp, fp, tn, fn)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            heights = (xp.minimum if self.summation_method == "minoring" else xp.maximum)(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * heights

    def get_config(self) -> dict:
        weights = self.label_weights
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else [float(weight) for weight in weights],
            "from_logits": self.from_logits,
        }
        return config if self._own_thresholds is None else {**config, "thresholds": self._own_thresholds}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**_config.deserialize_keras_object(config))  # Keras writes `label_weights` as a tensor


def _roc(xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
    return ratio(xp, fp, fp + tn), ratio(xp, tp, tp + fn)


def _pr(xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
    return ratio(xp, tp, tp + fn), ratio(xp, tp, tp + fp)


def _pr_gain(xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> tuple[Any, Any]:
    odds = ratio(xp, tp + fn, tn + fp)
    none = xp.equal(tp, 0.0)
    recall = xp.where(none, 0.0, 1.0 - odds * ratio(xp, fn, tp))
    precision = xp.where(none, 1.0, 1.0 - odds * ratio(xp, fp, tp))
    return xp.maximum(recall, 0.0), precision


_CURVE_POINTS = {"ROC": _roc, "PR": _pr, "PRGAIN": _pr_gain}


def _interpolated(xp: Any, tp: Any, fp: Any, tn: Any, fn: Any) -> Any:
    """The area of each interval under the precision-recall curve when true and false positives grow in proportion
    between two thresholds (Davis & Goadrich 2006): slope (dTP + intercept log(P_high / P_low)) / (TP + FN)."""
    positives = tp + fp
    more, fewer = positives[:-1], positives[1:]
    hits = tp[:-1] - tp[1:]
    slope = ratio(xp, hits, xp.maximum(more - fewer, 0.0))
    intercept = tp[1:] - slope * fewer
    growth = xp.where(xp.logical_and(xp.greater(more, 0), xp.greater(fewer, 0)), ratio(xp, more, fewer), 1.0)
    return ratio(xp, slope * (hits + intercept * xp.log(growth)), xp.maximum(tp[1:] + fn[1:], 0.0))
