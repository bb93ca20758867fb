"""Lamb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_beta, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Lamb(Optimizer):
    """Adam's step u = m_hat / (sqrt(v_hat) + epsilon), as long as the variable it changes:
    w -= learning_rate * |w| / |u| * u, the ratio being 1 when either length is 0.

    You et al. 2020, algorithm 2, with the identity as phi. Weight decay is decoupled, as in Keras.

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
        self._add_slots(variables, momentum="zeros", velocity="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m = update_average(self._slot("momentum", variable), gradient, self.beta_1)
        v = update_average(self._slot("velocity", variable), ops.square(gradient), self.beta_2)
        root = ops.sqrt(ops.multiply(v, self._corrected_rate(1.0, self.beta_2)))
        step = ops.divide(ops.multiply(m, self._corrected_rate(1.0, self.beta_1)), ops.add(root, self.epsilon))
        length, step_length = _length(variable), _length(step)
        usable = ops.logical_and(ops.greater(length, 0.0), ops.greater(step_length, 0.0))
        ratio = ops.where(usable, ops.divide(length, ops.where(usable, step_length, 1.0)), 1.0)
        variable.assign_sub(ops.multiply(step, ops.multiply(ratio, learning_rate)))

    def get_config(self) -> dict:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


def _length(x: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(x)))
