"""From losses per value to a scalar."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import weights_like

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


def reduce_losses(values: Any, sample_weight: Any = None, reduction: str | None = "sum_over_batch_size") -> Any:
    """Weighted values, reduced.

    Args:
        values: losses of shape (batch, ...).
        sample_weight: one per sample or per value, or a scalar.
        reduction: ``sum_over_batch_size`` (or ``mean``) divides the weighted sum by the number of values, whatever the
            weights; ``mean_with_sample_weight`` divides by the sum of the weights; ``sum``; ``none`` returns the
            weighted values.
    """
    if sample_weight is not None:
        weights = weights_like(sample_weight, values)
        values = ops.multiply(values, weights)
    if reduction in (None, "none"):
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        # The weights count as often as they were spread.
        spread = ops.multiply(ops.ones_like(values), weights)
        return ops.divide_no_nan(ops.sum(values), ops.sum(spread))
    return ops.mean(values) if ops.ndim(values) else values
