"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class SGD(Optimizer):
    """w -= learning_rate * g; with momentum v = momentum * v - learning_rate * g and w += v (Polyak 1964); with
    `nesterov` as well w += momentum * v - learning_rate * g, v being the new one (Sutskever et al. 2013).

    Args:
        learning_rate: 0.01 by default.
        momentum: from 0 to 1.
        nesterov: has no effect without momentum.
        **kwargs: those of `Optimizer`.

    Raises:
        ValueError: for a momentum outside [0, 1].
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: expected `momentum` to be from 0 to 1, received {momentum!r}.")
        self.momentum = float(momentum)
        self.nesterov = bool(nesterov)
        self.momentums: list[Variable] = []

    def _make_slots(self, variables: list[Variable]) -> None:
        if self.momentum:
            self.momentums += [self.add_variable_from_reference(v, "momentum") for v in variables]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        if not self.momentum:
            ops.sgd_update(variable, gradient, learning_rate)
            return
        slot = self.momentums[self._get_variable_index(variable)]
        ops.sgd_momentum_update(variable, gradient, slot, learning_rate, self.momentum, self.nesterov)

    def get_config(self) -> dict:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
