"""The learning rates that callbacks change."""

from __future__ import annotations

from typing import Any


def optimizers_of(optimizer: Any) -> list[Any]:
    """The optimizers that have learning rates: `optimizer` itself, or those that it is made of."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return list(getattr(optimizer, "optimizers", [optimizer]))


def lower(optimizer: Any, rate: float) -> None:
    """Set the rate; on top of a schedule, lower the whole rest of it in the same proportion."""
    try:
        optimizer.learning_rate = rate
    except TypeError:
        optimizer.learning_rate_scale *= rate / float(optimizer.learning_rate)
