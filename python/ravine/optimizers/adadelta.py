"""Adadelta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Adadelta(Optimizer):
    """a = rho * a + (1 - rho) g^2, d = -g * sqrt((b + epsilon) / (a + epsilon)), b = rho * b + (1 - rho) d^2,
    w += learning_rate * d (Zeiler 2012, algorithm 1, who has no learning rate: 1.0 is his).

    Args:
        learning_rate: 0.001 by default.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Unpack[CommonArguments]
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = float(rho)
        self.epsilon = float(epsilon)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, accumulated_grad="zeros", accumulated_delta_var="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        gradients, steps = self._slot("accumulated_grad", variable), self._slot("accumulated_delta_var", variable)
        average = update_average(gradients, ops.square(gradient), self.rho)
        share = ops.reciprocal(ops.add(average, self.epsilon))
        ratio = ops.add(ops.multiply(share, steps), ops.multiply(share, self.epsilon))
        step = ops.multiply(ops.sqrt(ratio), gradient)
        update_average(steps, ops.square(step), self.rho)
        variable.assign_sub(ops.multiply(step, learning_rate))

    def get_config(self) -> dict:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
