"""Small helpers on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows from class indices.

    Args:
        x: integers of any shape; a last axis of size 1 is dropped.
        num_classes: width of the rows; default is the largest index + 1.

    Returns:
        float64 array of shape `x.shape + (num_classes,)`.

    Raises:
        ValueError: an index is negative or not below `num_classes`.
    """
    labels = np.asarray(x, dtype="int64")
    shape = labels.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    labels = labels.reshape(-1)
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        bad = labels[(labels < 0) | (labels >= num_classes)][0]
        raise ValueError(f"to_categorical: expected class indices in [0, {num_classes}), received {bad}.")
    rows = np.zeros((labels.size, num_classes))
    rows[np.arange(labels.size), labels] = 1.0
    return rows.reshape((*shape, num_classes))


def normalize(x: Any, axis: int = -1, order: int | float = 2) -> np.ndarray:
    """`x` divided by its norm of an order along an axis; rows of zeros stay zeros."""
    array = np.atleast_1d(np.asarray(x))
    norm = np.linalg.norm(array, order, axis=axis, keepdims=True)
    return array / np.where(norm == 0, 1, norm)
