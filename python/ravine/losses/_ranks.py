"""Making labels, predictions and weights agree in dtype and rank."""

from __future__ import annotations

from typing import Any

from ravine import ops


def to_same_rank(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Where one of two tensors has an additional last dimension of size 1, drop it, or give it to a vector."""
    first, second = ops.shape(x1), ops.shape(x2)
    if len(first) == len(second) + 1 and first[-1] == 1:
        return (x1, ops.expand_dims(x2, -1)) if len(second) == 1 else (ops.squeeze(x1, -1), x2)
    if len(second) == len(first) + 1 and second[-1] == 1:
        return (ops.expand_dims(x1, -1), x2) if len(first) == 1 else (x1, ops.squeeze(x2, -1))
    return x1, x2


def as_floats(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions as float32 tensors of the same rank."""
    return to_same_rank(ops.cast(y_true, "float32"), ops.cast(y_pred, "float32"))


def weights_like(sample_weight: Any, values: Any) -> Any:
    """Sample weights with the rank of the values they multiply: one per sample, or per value, or one for all.

    Values without dimensions, such as a loss over the whole batch, take weights of any shape.
    """
    shape, wanted = ops.shape(sample_weight), ops.shape(values)
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        return ops.squeeze(sample_weight, -1)
    if not shape or not wanted or len(shape) == len(wanted):
        return sample_weight
    if len(shape) > len(wanted):
        raise ValueError(f"sample_weight of shape {shape} does not fit losses of shape {wanted}.")
    return ops.reshape(sample_weight, (*shape, *[1] * (len(wanted) - len(shape))))
