"""Finding the logits behind probabilities, so that a cross-entropy stays exact where they saturate."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.ops.tracing import SymbolicTensor


def logits_behind(probabilities: Any, activation: str) -> Any | None:
    """The tensor that `activation` (``softmax`` over the last axis, or ``sigmoid``) turned into these probabilities,
    in their shape, when they are traced and this can be seen; else None.

    Between the activation and the loss there may be a change of shape, for a softmax one that keeps the rows.
    """
    if not isinstance(probabilities, SymbolicTensor):
        return None
    shape = probabilities.shape
    produced = probabilities.producer()
    while produced is not None and produced[0] in ("copy", "reshape"):
        source = produced[1][0]
        if activation == "softmax" and source.shape[-1:] != shape[-1:]:
            return None
        produced = source.producer()
    if produced is None or produced[0] != activation:
        return None
    logits = produced[1][0]
    return logits if logits.shape == shape else ops.reshape(logits, shape)
