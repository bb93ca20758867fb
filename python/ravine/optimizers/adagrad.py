"""Adagrad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.initializers import Constant
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import at_least_0, replace
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Adagrad(Optimizer):
    """a += g^2, w -= learning_rate * g / sqrt(a + epsilon).

    Duchi et al. 2011; `epsilon` stands inside the root, as in Keras.

    Args:
        learning_rate: 0.001 by default.
        initial_accumulator_value: what a starts with.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        at_least_0(self, initial_accumulator_value=initial_accumulator_value)
        self.initial_accumulator_value = float(initial_accumulator_value)
        self.epsilon = float(epsilon)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, accumulator=Constant(self.initial_accumulator_value))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        accumulator = self._slot("accumulator", variable)
        total = replace(accumulator, ops.add(ops.square(gradient), accumulator))
        root = ops.sqrt(ops.add(total, self.epsilon))
        variable.assign_sub(ops.divide(ops.multiply(gradient, learning_rate), root))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
