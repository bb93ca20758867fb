"""What update rules share: moving averages and the checks of their arguments."""

from __future__ import annotations

from typing import Any

from ravine import _config, ops
from ravine.optimizers.schedules.schedule import LearningRateSchedule
from ravine.variable import Variable


def update_average(average: Variable, value: Any, beta: Any) -> Any:
    """average = beta average + (1 - beta) value. Returns the new average."""
    return replace(average, ops.apply("lerp", [average, value, 1.0 - beta]))


def replace(slot: Variable, value: Any) -> Any:
    """Store a new value and return it.

    Rules go on with the value, not with the slot: a value that is in a register needs no reading, so that the whole
    rule becomes one pass, and where it can it rides on the product that makes the gradient. For the same reason they
    apply operations to the gradient first and to slots only together with it.
    """
    slot.assign(value)
    return value


def checked_beta(where: Any, name: str, value: Any) -> Any:
    """The decay of a moving average, a number from 0 to 1, without 1."""
    return _checked(where, name, value, 0 <= value < 1, "at least 0 and below 1")


def checked_momentum(where: Any, name: str, value: Any) -> Any:
    """A number from 0 to 1, or a schedule."""
    if isinstance(value, LearningRateSchedule):
        return value
    return _checked(where, name, value, 0 <= value <= 1, "from 0 to 1")


def at_least_0(where: Any, **arguments: Any) -> None:
    """Raise ValueError for negative arguments."""
    for name, value in arguments.items():
        _checked(where, name, value, value >= 0, "0 or more")


def schedule_config(value: Any) -> Any:
    """A hyper-parameter that may be a schedule, for `get_config`."""
    return _config.serialize_keras_object(value)


def _checked(where: Any, name: str, value: Any, fits: bool, expected: str) -> float:
    if not fits:
        raise ValueError(f"{type(where).__name__}: expected `{name}` to be {expected}, received {value!r}.")
    return float(value)
