"""LearningRateScheduler: the learning rate of each epoch from a function."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any

from ravine.callbacks.callback import Callback
from ravine.optimizers.nested import optimizers_of


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch.

    Args:
        schedule: `f(epoch, learning_rate) -> float` or `f(epoch) -> float`; epochs count from 0.
        verbose: 1 prints the rate of every epoch.

    Raises:
        TypeError: the optimizer follows a `LearningRateSchedule`, which sets the rate of every step itself.
        ValueError: the schedule returned something that is not a number.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function, received {schedule!r}.")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _accepts_two(schedule)

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        for optimizer in optimizers_of(self.model.optimizer):
            self._set_rate(optimizer, epoch)

    def _set_rate(self, optimizer: Any, epoch: int) -> None:
        if not hasattr(optimizer, "learning_rate"):
            raise ValueError("LearningRateScheduler: the optimizer has no `learning_rate`.")
        arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        rate = self.schedule(*arguments)
        if not isinstance(rate, numbers.Real):
            try:
                rate = float(rate)
            except (TypeError, ValueError):
                raise ValueError(
                    f"LearningRateScheduler: the schedule must return a float, received {rate!r} for epoch {epoch}."
                ) from None
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if logs is not None:
            logs.update(self.model.optimizer.learning_rate_logs())


def _accepts_two(schedule: Callable[..., float]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True
