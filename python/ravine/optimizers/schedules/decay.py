"""Schedules that fall from an initial rate. The formulas and arguments are Keras'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine import ops
from ravine.optimizers.schedules.schedule import LearningRateSchedule, positive


class _DecayInStages(LearningRateSchedule):
    """What ExponentialDecay and InverseTimeDecay have in common."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool, name: str
    ) -> None:
        positive(type(self).__name__, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _passed(self, step: Any) -> Any:
        """step / decay_steps, with `staircase` rounded down."""
        passed = ops.divide(step, self.decay_steps)
        return ops.floor(passed) if self.staircase else passed

    def get_config(self) -> dict:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class ExponentialDecay(_DecayInStages):
    """initial_learning_rate * decay_rate^(step / decay_steps); with `staircase` the exponent is rounded down."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        return ops.multiply(ops.power(self.decay_rate, self._passed(step)), self.initial_learning_rate)


class InverseTimeDecay(_DecayInStages):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps); with `staircase` step / decay_steps is rounded
    down. `PowerDecay` has an exponent."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        return ops.divide(self.initial_learning_rate, self._divisor(step))

    def _divisor(self, step: Any) -> Any:
        return ops.add(ops.multiply(self._passed(step), self.decay_rate), 1.0)


class PowerDecay(InverseTimeDecay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)^power. Not in Keras."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        power: float = 1.0,
        decay_rate: float = 1.0,
        staircase: bool = False,
        name: str = "PowerDecay",
    ):
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        self.power = power

    def __call__(self, step: Any) -> Any:
        return ops.divide(self.initial_learning_rate, ops.power(self._divisor(step), self.power))

    def get_config(self) -> dict:
        return {**super().get_config(), "power": self.power}


class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)^power + end_learning_rate, and
    end_learning_rate from decay_steps on. With `cycle` the fall is spread over the next multiple of decay_steps that is
    not below the step instead, so that the rate rises again after each of them."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        positive(type(self).__name__, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        if self.cycle:
            cycles = ops.maximum(ops.ceil(ops.divide(step, self.decay_steps)), 1.0)
            passed = ops.divide(step, ops.multiply(cycles, self.decay_steps))
        else:
            passed = ops.divide(ops.minimum(step, self.decay_steps), self.decay_steps)
        left = ops.power(ops.subtract(1.0, passed), self.power)
        return ops.add(ops.multiply(left, self.initial_learning_rate - self.end_learning_rate), self.end_learning_rate)

    def get_config(self) -> dict:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], values[1] up to and including boundaries[1], and so on.

    Args:
        boundaries: steps in rising order.
        values: rates, one more than boundaries.

    Raises:
        ValueError: when there is not one value more than boundaries.
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: expected one value more than boundaries, received boundaries={boundaries} "
                f"and values={values}."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate: Any = ops.full_like(step, self.values[-1], "float32") if not self.boundaries else self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(ops.less_equal(step, boundary), float(value), rate)
        return rate

    def get_config(self) -> dict:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
