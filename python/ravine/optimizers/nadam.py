"""Nadam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer, checked_beta
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Nadam(Optimizer):
    """Adam with Nesterov momentum. With u_t = beta_1 (1 - 0.96^t / 2) and P_t = u_1 ... u_t at step t = 1, 2, ...:
    m += (1 - beta_1)(g - m), v += (1 - beta_2)(g^2 - v),
    m_hat = u_(t+1) m / (1 - P_t u_(t+1)) + (1 - u_t) g / (1 - P_t),
    w -= learning_rate * m_hat / (sqrt(v / (1 - beta_2^t)) + epsilon).

    Dozat 2016, "Incorporating Nesterov Momentum into Adam", with the momentum schedule of its section 3.2, as in Keras.

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
        self._momentums: list[Variable] = []
        self._velocities: list[Variable] = []
        self._product: Variable | None = None

    def _make_slots(self, variables: list[Variable]) -> None:
        for variable in variables:
            self._momentums.append(self.add_variable_from_reference(variable, "momentum"))
            self._velocities.append(self.add_variable_from_reference(variable, "velocity"))
        if self._product is None:
            self._product = self.add_variable((), "ones", name="momentum_product")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        if "rates" not in self._shared:  # once per step, for all variables
            *self._shared["rates"], product = ops.nadam_rates(
                learning_rate, self.iterations, self._product, self.beta_1, self.beta_2, self.epsilon
            )
            self._product.assign(product)  # type: ignore[union-attr]
        index = self._get_variable_index(variable)
        operands = [variable, gradient, self._momentums[index], self._velocities[index], *self._shared["rates"]]
        ops.apply("nadam", operands, {"beta_1": self.beta_1, "beta_2": self.beta_2})

    def get_config(self) -> dict:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
