"""Reading and lowering an optimizer's learning rate, for the callbacks that do."""

from __future__ import annotations

from typing import Any


def optimizers_of(optimizer: Any) -> list[Any]:
    """The optimizers that have learning rates: `optimizer` itself, or those that it is made of."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return list(getattr(optimizer, "optimizers", [optimizer]))


def logged(optimizer: Any) -> dict[str, float]:
    """The current rate under the name that it has in the logs; a name each where there are several optimizers."""
    parts = optimizers_of(optimizer)
    if len(parts) == 1:
        return {"learning_rate": float(parts[0].learning_rate)}
    return {f"learning_rate_{part.name}": float(part.learning_rate) for part in parts}


def lower(optimizer: Any, rate: float) -> None:
    """Set the rate; on top of a schedule, lower the whole rest of it in the same proportion.

    Raises:
        TypeError: the optimizer follows a schedule and cannot scale it.
    """
    schedule = getattr(optimizer, "schedule", None)
    if schedule is None:
        optimizer.learning_rate = rate
        return
    scale = getattr(optimizer, "learning_rate_scale", None)
    if scale is None:
        raise TypeError(
            f"{type(optimizer).__name__}: the learning rate follows {schedule!r}, which cannot be scaled. "
            "Pass a number as learning_rate, or let the schedule itself fall."
        )
    scale.assign(float(scale) * rate / float(optimizer.learning_rate))
