"""What masks do to losses and metrics: masks joined, and sample weights without what is masked."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses._ranks import weights_like


def both(mask1: Any | None, mask2: Any | None) -> Any | None:
    """Where both masks hold; None stands for a mask that holds everywhere."""
    if mask1 is None or mask2 is None:
        return mask2 if mask1 is None else mask1
    return ops.logical_and(mask1, weights_like(mask2, mask1))


def masked_weights(sample_weight: Any | None, mask: Any | None, of_valid: bool = False) -> Any | None:
    """Sample weights that are 0 where the mask is false.

    Args:
        of_valid: let the other weights grow by (number of values / number of those that count), so that a mean over
            all values becomes the mean over those that count.
    """
    if mask is None:
        return sample_weight
    weights = ops.cast(mask, "float32")
    if of_valid:
        weights = ops.multiply(weights, ops.divide_no_nan(ops.cast(ops.size(mask), "float32"), ops.sum(weights)))
    if sample_weight is None:
        return weights
    if ops.ndim(sample_weight) > ops.ndim(weights):
        weights = weights_like(weights, sample_weight)
    else:
        sample_weight = weights_like(sample_weight, weights)
    return ops.multiply(ops.cast(sample_weight, "float32"), weights)
