"""How callbacks lower a learning rate."""

from __future__ import annotations

from typing import Any


def lower(optimizer: Any, rate: float) -> None:
    """Set the rate; on top of a schedule, lower the whole rest of it in the same proportion."""
    try:
        optimizer.learning_rate = rate
    except TypeError:
        optimizer.learning_rate_scale *= rate / float(optimizer.learning_rate)
