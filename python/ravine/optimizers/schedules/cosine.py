"""Schedules that fall along a cosine (Loshchilov & Hutter 2017). The arguments are Keras'."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ravine import ops
from ravine.optimizers.schedules.schedule import LearningRateSchedule, positive


def cosine_fall(passed: Any) -> Any:
    """(1 + cos(pi x)) / 2 in a form that keeps its digits near 0: from 1 at x = 0 to 0 at x = 1."""
    return ops.square(ops.cos(ops.multiply(passed, math.pi / 2)))


class CosineDecay(LearningRateSchedule):
    """initial_learning_rate * ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha), and from decay_steps on
    initial_learning_rate * alpha.

    Args:
        warmup_target: when given, the rate first rises linearly from initial_learning_rate to this one, from which it
            then falls; decay_steps count from the end of the rise.
        warmup_steps: the length of the rise. Without `warmup_target` it has no effect, as in Keras, and a warning says
            so.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ):
        positive(type(self).__name__, decay_steps=decay_steps)
        if warmup_steps and warmup_target is None:
            warnings.warn("CosineDecay: `warmup_steps` has no effect without `warmup_target`.", stacklevel=2)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        if self.warmup_target is None:
            return self._fall(step, self.initial_learning_rate)
        fall = self._fall(ops.maximum(ops.subtract(step, self.warmup_steps), 0.0), self.warmup_target)
        if not self.warmup_steps:
            return fall
        slope = self.warmup_target - self.initial_learning_rate
        rise = ops.add(ops.multiply(ops.divide(step, self.warmup_steps), slope), self.initial_learning_rate)
        return ops.where(ops.less(step, self.warmup_steps), rise, fall)

    def _fall(self, step: Any, start: float) -> Any:
        fall = cosine_fall(ops.divide(ops.minimum(step, self.decay_steps), self.decay_steps))
        return ops.multiply(ops.add(ops.multiply(fall, 1.0 - self.alpha), self.alpha), start)

    def get_config(self) -> dict:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Falls along a cosine in first_decay_steps, starts again, and so on: every fall takes t_mul times as long as the
    one before and starts m_mul times as high. `alpha` is the least rate, as a fraction of initial_learning_rate."""

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        positive(type(self).__name__, first_decay_steps=first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        passed = ops.divide(step, self.first_decay_steps)
        restarts, passed = self._restarts(passed)
        height = cosine_fall(passed)
        if self.m_mul != 1:
            height = ops.multiply(height, ops.power(self.m_mul, restarts))
        return ops.multiply(ops.add(ops.multiply(height, 1.0 - self.alpha), self.alpha), self.initial_learning_rate)

    def _restarts(self, passed: Any) -> tuple[Any, Any]:
        """How many falls were completed after `passed` first falls, and the fraction of the present one."""
        if self.t_mul == 1:
            restarts = ops.floor(passed)
            return restarts, ops.subtract(passed, restarts)
        growth = ops.log(ops.add(ops.multiply(passed, self.t_mul - 1.0), 1.0))
        restarts = ops.floor(ops.multiply(growth, 1.0 / math.log(self.t_mul)))
        # The logarithm may miss a restart by a rounding error.
        restarts = ops.where(ops.greater_equal(passed, self._begin(ops.add(restarts, 1.0))), restarts + 1.0, restarts)
        restarts = ops.where(ops.less(passed, self._begin(restarts)), restarts - 1.0, restarts)
        begin = self._begin(restarts)
        return restarts, ops.divide(ops.subtract(passed, begin), ops.power(self.t_mul, restarts))

    def _begin(self, restarts: Any) -> Any:
        """When a fall begins, in first falls: 1 + t_mul + ... + t_mul^(restarts - 1)."""
        return ops.multiply(ops.subtract(ops.power(self.t_mul, restarts), 1.0), 1.0 / (self.t_mul - 1.0))

    def get_config(self) -> dict:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
