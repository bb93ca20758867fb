"""Connectionist temporal classification: labels without a time, for predictions over time."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.losses.loss import LossFunctionWrapper

_IMPOSSIBLE = -1e5  # the logarithm of no probability, finite so that differences of two are numbers


def ctc(y_true: Any, y_pred: Any) -> Any:
    """-log of the probability of all ways to spread the labels of a sample over its time steps, with blanks (class 0)
    between them (Graves et al. 2006, with the forward variables alpha of section 4.1 as logarithms): labels
    (batch, labels), padded with 0 at the end, and logits (batch, time, classes) give losses (batch,).

    The recursion is unrolled: a program has some twenty nodes for every time step.

    Raises:
        ValueError: for labels that are not of rank 2 and logits that are not of rank 3.
    """
    labels, shape = ops.shape(y_true), ops.shape(y_pred)
    if len(labels) != 2 or len(shape) != 3:
        raise ValueError(
            f"ctc: expected labels of shape (batch, labels) and logits of shape (batch, time, classes), received "
            f"shapes {labels} and {shape}."
        )
    steps, classes = shape[1:]
    y_true = ops.cast(y_true, "float32")
    log_p = ops.log_softmax(ops.cast(y_pred, "float32"))
    picked = ops.one_hot(y_true, classes)
    after_another = ops.not_equal(y_true[:, 1:], y_true[:, :-1])
    never = ops.full_like(y_true, _IMPOSSIBLE)
    # Log-probabilities of having read so many labels: `blank` ends with a blank, `label` with the last of them.
    blank = ops.concatenate([ops.zeros_like(y_true[:, :1]), never], axis=1)
    label = never
    for step in range(steps):
        now = log_p[:, step : step + 1]
        stayed = _log_add(label, blank[:, :-1])
        if labels[1] > 1:
            skipped = ops.where(after_another, label[:, :-1], _IMPOSSIBLE)
            stayed = ops.concatenate([stayed[:, :1], _log_add(stayed[:, 1:], skipped)], axis=1)
        rested = ops.concatenate([blank[:, :1], _log_add(blank[:, 1:], label)], axis=1)
        blank = ops.add(rested, now[:, :, 0])
        label = ops.add(stayed, ops.sum(ops.multiply(picked, now), -1))
    read = ops.concatenate([blank[:, :1], _log_add(blank[:, 1:], label)], axis=1)
    length = ops.sum(ops.cast(ops.not_equal(y_true, 0.0), "float32"), -1)
    return ops.negative(ops.sum(ops.multiply(ops.one_hot(length, labels[1] + 1), read), -1))


def _log_add(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)); equal ones share the gradient."""
    apart = ops.subtract(x2, x1)
    first, second = ops.add(x1, ops.softplus(apart)), ops.add(x2, ops.softplus(ops.negative(apart)))
    return ops.where(ops.greater_equal(x1, x2), first, second)


class CTC(LossFunctionWrapper):
    """`ctc` as a loss"""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None):
        super().__init__(ctc, reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(y_true, y_pred)
