"""From losses per value to a scalar."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._masks import masked_weights
from ravine.losses._ranks import weights_like

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


class Reduction:
    """The names that tf.keras gives to reductions."""

    AUTO = SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"


def reduce_losses(
    values: Any, sample_weight: Any = None, reduction: str | None = "sum_over_batch_size", mask: Any = None
) -> Any:
    """Weighted values, reduced.

    Args:
        values: losses of shape (batch, ...).
        sample_weight: one per sample or per value, or a scalar.
        reduction: ``sum_over_batch_size`` (or ``mean``) divides the weighted sum by the number of values, whatever the
            weights; ``mean_with_sample_weight`` divides by the sum of the weights, each counted as often as it was
            spread over values; ``sum``; ``none`` returns the weighted values.
        mask: where it is false, values do not count, neither in a sum nor in the number of values.
    """
    weights = masked_weights(sample_weight, mask, of_valid=reduction in ("sum_over_batch_size", "mean"))
    if weights is not None:
        weights = weights_like(weights, values)
        values = ops.multiply(values, weights)
    if reduction in (None, "none") or ops.shape(values) in ((), (0,)):
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        spread = ops.multiply(ops.ones_like(values), weights)
        return ops.divide_no_nan(ops.sum(values), ops.sum(spread))
    return ops.mean(values)
