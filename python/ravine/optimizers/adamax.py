"""Adamax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_beta, replace, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Adamax(Optimizer):
    """m += (1 - beta_1)(g - m), u = max(beta_2 * u, |g|), w -= learning_rate / (1 - beta_1^t) * m / (u + epsilon).

    Kingma & Ba 2015, algorithm 2; `epsilon` is Keras' addition.

    Args:
        learning_rate: 0.001 by default.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = checked_beta(self, "beta_1", beta_1)
        self.beta_2 = checked_beta(self, "beta_2", beta_2)
        self.epsilon = float(epsilon)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, momentum="zeros", norm="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m = update_average(self._slot("momentum", variable), gradient, self.beta_1)
        norm, u = self._slot("norm", variable), ops.absolute(gradient)
        if self.beta_2 > 0:
            u = ops.multiply(ops.maximum(ops.multiply(u, 1.0 / self.beta_2), norm), self.beta_2)
        u = replace(norm, u)
        rate = self._corrected_rate(learning_rate, self.beta_1)
        variable.assign_sub(ops.divide(ops.multiply(m, rate), ops.add(u, self.epsilon)))

    def get_config(self) -> dict:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
