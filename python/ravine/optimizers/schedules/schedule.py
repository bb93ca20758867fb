"""The base class of schedules."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.ops import tracing


class LearningRateSchedule:
    """A value that depends on the number of steps made: the learning rate, or a momentum.

    Subclasses implement ``__call__(step)`` and, in order to be saved, ``get_config()``. `step` counts from 0 and may be
    a number, an array, or in training a traced scalar; arithmetic and `ravine.ops` work on all of them, and the engine
    then computes the value in every step. Steps are exact up to 2**24.
    """

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: __call__(step) is not implemented.")

    def get_config(self) -> dict:
        raise NotImplementedError(
            f"{type(self).__name__}: get_config() is not implemented, so the schedule cannot be saved."
        )

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)

    def __repr__(self) -> str:
        try:
            arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items() if key != "name")
        except NotImplementedError:
            arguments = "..."
        return f"{type(self).__name__}({arguments})"


def evaluate(schedule: LearningRateSchedule, step: Any) -> Any:
    """The value at `step`, a scalar; in a trace a tensor or a number.

    Raises:
        TypeError: for a schedule that cannot be traced.
        ValueError: when it is not a scalar.
    """
    name = type(schedule).__name__
    try:
        value = schedule(step)
    except TypeError as error:
        if tracing.current() is None:
            raise
        raise TypeError(
            f"{name}: the schedule cannot run inside the engine: {error} Write it with ravine.ops (ops.where instead "
            "of `if`, ops.cos instead of math.cos), or set the rate of each epoch with "
            "callbacks.LearningRateScheduler."
        ) from error
    if ops.shape(value) != ():
        raise ValueError(f"{name}: expected one value for one step, received shape {ops.shape(value)}.")
    return value


def positive(where: str, **arguments: Any) -> None:
    """Raise ValueError unless these arguments are above 0."""
    for key, value in arguments.items():
        if not value > 0:
            raise ValueError(f"{where}: expected `{key}` to be above 0, received {value!r}.")
