"""Lion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_beta, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Lion(Optimizer):
    """w -= learning_rate * sign(beta_1 * m + (1 - beta_1) g), then m = beta_2 * m + (1 - beta_2) g.

    Chen et al. 2023, algorithm 2. Its steps are all of the size of the learning rate, which should be 3 to 10 times
    smaller than Adam's, and the weight decay as many times larger.

    Args:
        learning_rate: 0.001 by default.
        beta_1: above 0, up to 1.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(
                f"Lion: expected `beta_1` to be above 0 and at most 1 (at 0 only the sign of the gradient is left), "
                f"received {beta_1!r}."
            )
        self.beta_1 = float(beta_1)
        self.beta_2 = checked_beta(self, "beta_2", beta_2)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, momentum="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m = self._slot("momentum", variable)
        direction = ops.sign(ops.add(ops.multiply(ops.subtract(gradient, m), 1.0 - self.beta_1), m))
        variable.assign_sub(ops.multiply(direction, learning_rate))
        update_average(m, gradient, self.beta_2)

    def get_config(self) -> dict:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
