"""Schedules through given points; one of them is 1cycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine import ops
from ravine.optimizers.schedules.cosine import cosine_fall
from ravine.optimizers.schedules.schedule import LearningRateSchedule


class Interpolation(LearningRateSchedule):
    """values[i] at steps[i] and something in between between them; the last value ever after. Not in Keras.

    Args:
        steps: numbers of steps in rising order; two equal ones make a jump.
        values: as many.
        interpolation: "linear", or "cosine" for half a period from each point to the next.

    Raises:
        ValueError: when the numbers differ, the steps do not rise, or the interpolation is unknown.
    """

    def __init__(
        self,
        steps: Sequence[float],
        values: Sequence[float],
        interpolation: str = "linear",
        name: str = "Interpolation",
    ):
        where = type(self).__name__
        if len(steps) != len(values) or len(steps) < 2:
            raise ValueError(f"{where}: expected as many values as steps, 2 or more, received {steps} and {values}.")
        if list(steps) != sorted(steps):
            raise ValueError(f"{where}: expected steps in rising order, received {steps}.")
        if interpolation not in ("linear", "cosine"):
            raise ValueError(
                f"{where}: expected `interpolation` to be 'linear' or 'cosine', received {interpolation!r}."
            )
        self.steps = list(steps)
        self.values = list(values)
        self.interpolation = interpolation
        self.name = name

    def __call__(self, step: Any) -> Any:
        result: Any = float(self.values[-1])
        for index in reversed(range(len(self.steps) - 1)):
            result = ops.where(ops.less(step, self.steps[index + 1]), self._between(step, index), result)
        return result

    def _between(self, step: Any, index: int) -> Any:
        (begin, end), (first, last) = self.steps[index : index + 2], self.values[index : index + 2]
        if end <= begin:
            return float(first)
        # Both weights are computed from the step: 1 - x would lose digits where the first value is much the larger one.
        passed = ops.divide(ops.maximum(ops.subtract(step, begin), 0.0), end - begin)
        left = ops.divide(ops.subtract(end, ops.maximum(step, begin)), end - begin)
        if self.interpolation == "cosine":
            passed, left = cosine_fall(left), cosine_fall(passed)
        return ops.add(ops.multiply(left, first), ops.multiply(passed, last))

    def get_config(self) -> dict:
        return {
            "steps": self.steps,
            "values": self.values,
            "interpolation": self.interpolation,
            "name": self.name,
        }


class OneCycle(Interpolation):
    """1cycle (Smith 2018): the rate rises to its maximum and falls back, then to almost nothing in the last steps,
    while the momentum falls and rises. Not in Keras.

    ::

        schedule = schedules.OneCycle(0.1, iterations=epochs * steps_per_epoch)
        optimizers.SGD(schedule, momentum=schedule.momentum)

    Args:
        max_learning_rate: the rate at the top.
        iterations: number of steps of the whole training.
        start_learning_rate: where the rise begins and the fall ends; by default a tenth of the maximum.
        last_iterations: steps of the end; by default a tenth of all, plus one.
        last_learning_rate: the rate at the end; by default a thousandth of the start.
        rise_iterations: steps up to the top; by default half of those before the end.
        interpolation: "linear", or "cosine" for half a period in each phase.
        max_momentum: the momentum at the start and at the end.
        min_momentum: the momentum at the top.

    With ``last_iterations=0`` the rate falls from the top to `last_learning_rate` at once.

    Attributes:
        momentum: the schedule of the momentum, for SGD's `momentum` or Adam's `beta_1`.
    """

    def __init__(
        self,
        max_learning_rate: float,
        iterations: int,
        start_learning_rate: float | None = None,
        last_iterations: int | None = None,
        last_learning_rate: float | None = None,
        rise_iterations: int | None = None,
        interpolation: str = "linear",
        max_momentum: float = 0.95,
        min_momentum: float = 0.85,
        name: str = "OneCycle",
    ):
        start = max_learning_rate / 10 if start_learning_rate is None else start_learning_rate
        last = start / 1000 if last_learning_rate is None else last_learning_rate
        end = iterations // 10 + 1 if last_iterations is None else last_iterations
        rise = (iterations - end) // 2 if rise_iterations is None else rise_iterations
        if not 0 < rise <= iterations - end or end < 0:
            raise ValueError(
                f"OneCycle: of {iterations} iterations {rise} to the top and {end} at the end leave none for the fall."
            )
        if end:
            # A rise of half the steps is followed by a fall of the same length, also where their sum is odd.
            top = 2 * rise if rise_iterations is None else iterations - end
            steps, values = [0, rise, top, iterations], [start, max_learning_rate, start, last]
        else:
            steps, values = [0, rise, iterations], [start, max_learning_rate, last]
        super().__init__(steps, values, interpolation, name)
        momenta = [max_momentum, min_momentum, max_momentum, max_momentum][: len(steps)]
        self.momentum = Interpolation(steps, momenta, interpolation, f"{name}Momentum")
        self._config = {
            "max_learning_rate": max_learning_rate,
            "iterations": iterations,
            "start_learning_rate": start_learning_rate,
            "last_iterations": last_iterations,
            "last_learning_rate": last_learning_rate,
            "rise_iterations": rise_iterations,
            "interpolation": interpolation,
            "max_momentum": max_momentum,
            "min_momentum": min_momentum,
            "name": name,
        }

    def get_config(self) -> dict:
        return dict(self._config)
