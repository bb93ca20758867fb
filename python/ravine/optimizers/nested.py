"""Optimizers inside of others: which of them makes the steps, and whether there is one learning rate."""

from __future__ import annotations

from typing import Any


def single_of(optimizer: Any) -> Any:
    """The optimizer itself, or the one inside of a LossScaleOptimizer."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def has_one_rate(optimizer: Any) -> bool:
    """False for a MultiOptimizer, also inside of a LossScaleOptimizer."""
    return not hasattr(single_of(optimizer), "optimizers")


def optimizers_of(optimizer: Any) -> list[Any]:
    """The optimizers that have learning rates: `optimizer` itself, or those that it is made of."""
    single = single_of(optimizer)
    return [single] if has_one_rate(single) else list(single.optimizers)
