"""Errors of regression as metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import ops
from ravine.losses import mean_absolute_error, mean_squared_error
from ravine.losses._ranks import to_same_rank
from ravine.metrics.reduction import Mean, MeanMetricWrapper
from ravine.ops import trace as tracing


class MeanSquaredError(MeanMetricWrapper):
    """The mean of squared errors"""

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of absolute errors"""

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(mean_absolute_error, name, dtype)


class RootMeanSquaredError(Mean):
    """The square root of the mean of squared errors over all batches"""

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_true, y_pred = to_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
        super().update_state(ops.square(ops.subtract(y_pred, y_true)), sample_weight)

    def result(self) -> Any:
        mean = super().result()
        return ops.sqrt(mean) if tracing.current() is not None else ops.convert_to_tensor(np.sqrt(mean))
