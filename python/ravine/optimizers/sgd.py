"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_momentum, schedule_config
from ravine.optimizers.schedules.schedule import LearningRateSchedule
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class SGD(Optimizer):
    """w -= learning_rate * g; with momentum v = momentum * v - learning_rate * g and w += v (Polyak 1964); with
    `nesterov` as well w += momentum * v - learning_rate * g, v being the new one (Sutskever et al. 2013).

    Args:
        learning_rate: 0.01 by default.
        momentum: from 0 to 1; or a schedule of it, such as `schedules.OneCycle(...).momentum` or `schedules.Demon`
            (not in Keras).
        nesterov: has no effect without momentum.
        **kwargs: those of `Optimizer`.

    Raises:
        ValueError: for a momentum outside [0, 1].
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float | LearningRateSchedule = 0.0,
        nesterov: bool = False,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = checked_momentum(self, "momentum", momentum)
        self.nesterov = bool(nesterov)

    def _make_slots(self, variables: list[Variable]) -> None:
        if self.momentum:
            self._add_slots(variables, momentum="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        decay = self._decay_in_step(variable)
        if not self.momentum:
            ops.sgd_update(variable, gradient, learning_rate, decay)
            return
        slot, momentum = self._slot("momentum", variable), self._scheduled(self.momentum)
        ops.sgd_momentum_update(variable, gradient, slot, learning_rate, momentum, self.nesterov, decay)

    _decaying_step = update_step

    def get_config(self) -> dict:
        return {**super().get_config(), "momentum": schedule_config(self.momentum), "nesterov": self.nesterov}
