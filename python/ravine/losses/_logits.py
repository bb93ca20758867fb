"""Finding the logits behind probabilities, so that a cross-entropy stays exact where they saturate."""

from __future__ import annotations

from typing import Any

from ravine.ops.trace import SymbolicTensor


def logits_behind(probabilities: Any, activation: str) -> Any | None:
    """The tensor that `activation` (``softmax`` over the last axis, or ``sigmoid``) turned into these probabilities,
    when they are traced and this can be seen; else None."""
    if not isinstance(probabilities, SymbolicTensor):
        return None
    produced = probabilities.producer()
    while produced is not None and produced[0] == "copy":
        produced = produced[1][0].producer()
    return produced[1][0] if produced is not None and produced[0] == activation else None
