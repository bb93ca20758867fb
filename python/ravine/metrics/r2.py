"""The coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ravine import ops
from ravine.losses._ranks import as_floats, weights_like
from ravine.metrics.metric import Metric
from ravine.metrics.total import read
from ravine.variable import Variable

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - sum((y_true - y_pred)^2) / sum((y_true - mean)^2), for labels and predictions of shape (samples, outputs): 1
    for exact predictions, 0 for those that are no better than the mean.

    Args:
        class_aggregation: ``uniform_average`` for the mean of the outputs' scores, ``variance_weighted_average`` for
            their mean weighted by the outputs' variance, None for a score per output.
        num_regressors: p > 0 gives the adjusted score 1 - (1 - R2)(n - 1) / (n - p - 1), with n the number of values.

    Raises:
        ValueError: for arguments that do not exist, and for labels or predictions of another rank.
    """

    _direction = "up"
    squared_sum: Variable
    sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: expected a class_aggregation of None, 'uniform_average', 'variance_weighted_average'; "
                f"received {class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: expected num_regressors of 0 or more, received {num_regressors}.")
        super().__init__(name=name, dtype=dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, shape: tuple) -> None:
        self.squared_sum = self.add_variable(shape[1:], "zeros", name="squared_sum")
        self.sum = self.add_variable(shape[1:], "zeros", name="sum")
        self.total_mse = self.add_variable(shape[1:], "zeros", name="residual")
        self.count = self.add_variable(shape[1:], "zeros", name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = as_floats(y_true, y_pred)
        shape = ops.shape(y_pred)
        if len(shape) != 2 or ops.shape(y_true) != shape:
            raise ValueError(
                f"R2Score: expected labels and predictions of shape (samples, outputs), received shapes "
                f"{ops.shape(y_true)} and {shape}."
            )
        if not self._built:
            self._build(shape)
        weights = ops.ones_like(y_true)
        if sample_weight is not None:
            weights = ops.multiply(weights, weights_like(ops.cast(sample_weight, "float32"), y_true))
        weighted = ops.multiply(y_true, weights)
        residual = ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weights)
        self.sum.assign_add(ops.sum(weighted, 0))
        self.squared_sum.assign_add(ops.sum(ops.multiply(y_true, weighted), 0))
        self.total_mse.assign_add(ops.sum(residual, 0))
        self.count.assign_add(ops.sum(weights, 0))
        self.num_samples.assign_add(ops.size(y_true))

    def result(self) -> Any:
        if not self._built:
            return ops.cast(0.0, "float32")
        xp, (squares, total, residual, count) = read(self.squared_sum, self.sum, self.total_mse, self.count)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = squares - total * (total / count)
            scores = 1.0 - residual / variance
            scores = xp.where(xp.equal(xp.absolute(scores), np.inf), 0.0, scores)
            if self.class_aggregation == "uniform_average":
                score = xp.mean(scores)
            elif self.class_aggregation == "variance_weighted_average":
                score = xp.sum(variance * scores) / xp.sum(variance)
            else:
                score = scores
        if self.num_regressors:
            score = self._adjusted(score)
        return ops.cast(score, "float32")

    def _adjusted(self, score: Any) -> Any:
        _, (samples,) = read(self.num_samples)
        if not isinstance(samples, np.ndarray):
            return 1.0 - (1.0 - score) * (samples - 1.0) / (samples - (self.num_regressors + 1.0))
        if samples - self.num_regressors - 1 <= 0:
            warnings.warn(
                f"R2Score: {int(samples)} values are too few to adjust the score for {self.num_regressors} regressors; "
                f"this is the score as it is.",
                stacklevel=3,
            )
            return score
        return 1.0 - (1.0 - score) * (samples - 1.0) / (samples - self.num_regressors - 1.0)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
