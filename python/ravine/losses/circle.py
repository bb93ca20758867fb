"""The circle loss, for learning embeddings: samples of one class together, others apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import ops
from ravine._masks import with_mask
from ravine.losses.loss import LossFunctionWrapper
from ravine.ops.tracing import apply


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss per sample (Sun et al. 2020, eq. 5 and 8): class indices (N,) or (N, 1) and embeddings of length
    1 (N, D) give losses (N,).

    With d the cosine distance (at least 0) to each reference, P the references of the same class and O the others:
    softplus(logsumexp_P(-gamma (d + margin) (margin - d)) + logsumexp_O(gamma (1 + margin - d) (1 - margin - d))),
    the factors d + margin and 1 + margin - d being at least 0. Losses of 0 are masked: a `Loss` does not count them.

    Args:
        ref_labels, ref_embeddings: what to compare with, (M,) or (M, 1) and (M, D); by default the batch itself.
        remove_diagonal: whether a sample is not compared with itself, which is the reference of its own index.

    Raises:
        ValueError: the labels are no class indices; or the batch has no fixed size, as in `Model.fit`, and is compared
            with references that are not given in full or with remove_diagonal.
    """
    y_true, y_pred = ops.cast(y_true, "int32"), ops.cast(y_pred, "float32")
    if y_true.shape[1:] not in ((), (1,)):
        raise ValueError(f"circle: expected class indices (N,) or (N, 1), received y_true of shape {y_true.shape}.")
    y_true = ops.reshape(y_true, (-1,))
    if ref_labels is None and ref_embeddings is None:
        attrs = {"gamma": float(gamma), "margin": float(margin), "remove_diagonal": int(remove_diagonal)}
        losses, *_ = apply("circle_loss", [y_pred, y_true], attrs)
    else:
        if y_pred.shape[0] is None and (ref_labels is None or ref_embeddings is None or remove_diagonal):
            raise ValueError(
                f"circle: with a batch of no fixed size (y_pred has shape {y_pred.shape}), references must be given in "
                "full. Pass ref_labels, ref_embeddings and remove_diagonal=False, or none of them to compare the batch "
                "with itself."
            )
        references = y_pred if ref_embeddings is None else ops.cast(ref_embeddings, "float32")
        ref_labels = y_true if ref_labels is None else ops.reshape(ops.cast(ref_labels, "int32"), (-1,))
        losses = _beside(y_true, y_pred, ref_labels, references, remove_diagonal, gamma, margin)
    return with_mask(losses, ops.greater(losses, 0.0))


def _beside(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any,
    references: Any,
    remove_diagonal: bool,
    gamma: float,
    margin: float,
) -> Any:
    """The losses beside given references."""
    same = ops.equal(ops.reshape(y_true, (-1, 1)), ops.reshape(ref_labels, (1, -1)))
    other = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, 1 - np.eye(*ops.shape(same)))
    distance = ops.maximum(ops.subtract(1.0, ops.matmul(y_pred, ops.transpose(references))), 0.0)
    attract = ops.multiply(ops.maximum(ops.add(distance, margin), 0.0), ops.subtract(distance, margin))
    repel = ops.multiply(ops.maximum(ops.subtract(1.0 + margin, distance), 0.0), ops.subtract(1.0 - margin, distance))
    return ops.softplus(ops.add(_log_sum_exp(attract, same, gamma), _log_sum_exp(repel, other, gamma)))


def _log_sum_exp(x: Any, included: Any, gamma: float) -> Any:
    return ops.logsumexp(ops.where(included, ops.multiply(x, gamma), -1e30), axis=1)  # finite: a row may have none


class Circle(LossFunctionWrapper):
    """`circle` as a loss"""

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ):
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
