"""Schedules made of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine import _config, ops
from ravine.optimizers.schedules.schedule import LearningRateSchedule, positive


class Warmup(LearningRateSchedule):
    """A linear rise from `initial_learning_rate` to the first rate of another schedule, which then follows. Not in
    Keras.

    Args:
        schedule: a schedule, whose steps count from the end of the rise, or a number for a constant rate.
        warmup_steps: the length of the rise, above 0.
    """

    def __init__(
        self,
        schedule: LearningRateSchedule | float,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str = "Warmup",
    ):
        positive("Warmup", warmup_steps=warmup_steps)
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.initial_learning_rate = initial_learning_rate
        self.name = name

    def __call__(self, step: Any) -> Any:
        after = _value(self.schedule, ops.maximum(ops.subtract(step, self.warmup_steps), 0))
        passed = ops.divide(step, self.warmup_steps)
        left = ops.multiply(ops.subtract(1.0, passed), self.initial_learning_rate)
        rise = ops.add(left, ops.multiply(passed, _value(self.schedule, 0)))
        return ops.where(ops.less(step, self.warmup_steps), rise, after)

    def get_config(self) -> dict:
        return {
            "schedule": _config.serialize_keras_object(self.schedule),
            "warmup_steps": self.warmup_steps,
            "initial_learning_rate": self.initial_learning_rate,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**{**config, "schedule": _config.deserialize_keras_object(config["schedule"])})


class Chain(LearningRateSchedule):
    """Schedules one after the other: the first one before step boundaries[0], the second one before boundaries[1], and
    so on; each counts its steps from where it begins. Not in Keras.

    Args:
        schedules: schedules, or numbers for constant rates.
        boundaries: steps in rising order, one less than schedules.

    Raises:
        ValueError: when there is not one boundary less than schedules, or they do not rise.
    """

    def __init__(
        self, schedules: Sequence[LearningRateSchedule | float], boundaries: Sequence[int], name: str = "Chain"
    ):
        if len(boundaries) != len(schedules) - 1:
            raise ValueError(
                f"Chain: expected one boundary less than schedules, received {len(schedules)} schedules and "
                f"boundaries={boundaries}."
            )
        if any(after <= before for before, after in zip([0, *boundaries], boundaries, strict=False)):
            raise ValueError(f"Chain: expected boundaries above 0 in rising order, received {boundaries}.")
        self.schedules = list(schedules)
        self.boundaries = list(boundaries)
        self.name = name

    def __call__(self, step: Any) -> Any:
        begins = [0, *self.boundaries]
        rates = [
            _value(schedule, ops.maximum(ops.subtract(step, begin), 0) if begin else step)
            for schedule, begin in zip(self.schedules, begins, strict=True)
        ]
        rate = rates[-1]
        for boundary, before in zip(reversed(self.boundaries), reversed(rates[:-1]), strict=True):
            rate = ops.where(ops.less(step, boundary), before, rate)
        return rate

    def get_config(self) -> dict:
        return {
            "schedules": [_config.serialize_keras_object(schedule) for schedule in self.schedules],
            "boundaries": self.boundaries,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**{**config, "schedules": _config.deserialize_keras_object(config["schedules"])})


def _value(schedule: Any, step: Any) -> Any:
    return schedule(step) if callable(schedule) else schedule
