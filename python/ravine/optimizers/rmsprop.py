"""RMSprop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import replace, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class RMSprop(Optimizer):
    """v = rho * v + (1 - rho) g^2, w -= learning_rate * g / sqrt(v + epsilon).

    With `centered` the variance takes the place of v: a = rho * a + (1 - rho) g, w -= learning_rate * g /
    sqrt(v - a^2 + epsilon) (Graves 2013, equations 38 to 45). With `momentum` the step is gathered, m = momentum * m +
    step, w -= m. Tieleman & Hinton 2012, lecture 6e; `epsilon` stands inside the root, as in Keras.

    Args:
        learning_rate: 0.001 by default.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = float(rho)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.centered = bool(centered)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, velocity="zeros")
        if self.momentum > 0:
            self._add_slots(variables, momentum="zeros")
        if self.centered:
            self._add_slots(variables, average_gradient="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        variance = update_average(self._slot("velocity", variable), ops.square(gradient), self.rho)
        if self.centered:
            mean = update_average(self._slot("average_gradient", variable), gradient, self.rho)
            variance = ops.subtract(variance, ops.square(mean))
        root = ops.sqrt(ops.add(variance, self.epsilon))
        step = ops.divide(ops.multiply(gradient, learning_rate), root)
        if self.momentum > 0:
            slot = self._slot("momentum", variable)
            step = replace(slot, ops.add(step, ops.multiply(slot, self.momentum)))
        variable.assign_sub(step)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
