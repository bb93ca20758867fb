"""Nadam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_beta
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
        self._product: Variable | None = None

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, momentum="zeros", velocity="zeros")
        if self._product is None:
            self._product = self.add_variable((), "ones", name="momentum_product")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        before = self._once("product before", lambda: ops.add(self._product, 0.0))
        *rates, product = self._once(("rates", id(learning_rate)), lambda: self._rates(learning_rate, before))
        self._once("product", lambda: self._product.assign(product))  # type: ignore[union-attr]
        operands = [variable, gradient, self._slot("momentum", variable), self._slot("velocity", variable), *rates]
        ops.apply("nadam", operands, {"beta_1": self.beta_1, "beta_2": self.beta_2})

    def _rates(self, learning_rate: Any, product: Any) -> tuple[Any, ...]:
        """What the step multiplies m and g with, its epsilon, and P_t from P_(t-1); see `ops.nadam_rates`."""
        if not self.gradient_accumulation_steps:
            return ops.nadam_rates(learning_rate, self._iterations, product, self.beta_1, self.beta_2, self.epsilon)
        # ops.nadam_rates counts steps, of which an update takes several.
        t = self._updates()
        u, next_u = (self.beta_1 * (1.0 - 0.5 * ops.power(0.96, count)) for count in (t, t + 1.0))
        product = product * u
        rate, correction = (self._corrected_rate(x, 0.0, self.beta_2) for x in (learning_rate, 1.0))
        return (
            rate * next_u / (1.0 - product * next_u),
            rate * (1.0 - u) / (1.0 - product),
            correction * self.epsilon,
            product,
        )

    def get_config(self) -> dict:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
