"""Demon: momentum that decays to 0."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.optimizers.schedules.schedule import LearningRateSchedule, positive


class Demon(LearningRateSchedule):
    """A momentum b (1 - x) / (1 - b + b (1 - x)) with x = step / decay_steps, from b = `initial_momentum` to 0: each
    gradient's total share of all later steps falls linearly (Chen et al., arXiv 1910.04952, equation 1).

    For ``SGD(rate, momentum=Demon(0.9, steps))`` and ``Adam(rate, beta_1=Demon(0.9, steps))``. Not in Keras.
    """

    def __init__(self, initial_momentum: float, decay_steps: float, name: str = "Demon"):
        positive("Demon", decay_steps=decay_steps)
        if not 0 <= initial_momentum < 1:
            raise ValueError(
                f"Demon: expected `initial_momentum` to be at least 0 and below 1, received {initial_momentum!r}."
            )
        self.initial_momentum = initial_momentum
        self.decay_steps = decay_steps
        self.name = name

    def __call__(self, step: Any) -> Any:
        left = ops.subtract(1.0, ops.divide(ops.minimum(step, self.decay_steps), self.decay_steps))
        share = ops.multiply(left, self.initial_momentum)
        return ops.divide(share, ops.add(share, 1.0 - self.initial_momentum))

    def get_config(self) -> dict:
        return {
            "initial_momentum": self.initial_momentum,
            "decay_steps": self.decay_steps,
            "name": self.name,
        }
