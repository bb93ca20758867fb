"""FTRL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.initializers import Constant
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import at_least_0, replace
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Ftrl(Optimizer):
    """Follow the regularized leader: n' = n + g^2, z += g' - (n'^-p - n^-p) / learning_rate * w,
    w = (clip(z, -l1, l1) - z) / (n'^-p / learning_rate + 2 l2 + beta / learning_rate), n = n',
    with p = learning_rate_power and g' = g + 2 l2_shrinkage * w.

    McMahan et al. 2013, algorithm 1; the shrinkage is Keras' addition.

    Args:
        learning_rate: 0.001 by default.
        learning_rate_power: 0 or below; 0 keeps the rate of all coordinates fixed.
        initial_accumulator_value: what n starts with.
        l1_regularization_strength: l1, makes weights exactly 0.
        l2_regularization_strength: l2.
        l2_shrinkage_regularization_strength: a penalty of the size of the weights that enters as a gradient.
        beta: as in the paper's per-coordinate rate.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl: expected `learning_rate_power` to be 0 or below, received {learning_rate_power}.")
        at_least_0(
            self,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )
        self.learning_rate_power = float(learning_rate_power)
        self.initial_accumulator_value = float(initial_accumulator_value)
        self.l1_regularization_strength = float(l1_regularization_strength)
        self.l2_regularization_strength = float(l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = float(l2_shrinkage_regularization_strength)
        self.beta = float(beta)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, accumulator=Constant(self.initial_accumulator_value), linear="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        accumulator, linear = self._slot("accumulator", variable), self._slot("linear", variable)
        before = self._root(accumulator)
        after = self._root(replace(accumulator, ops.add(ops.square(gradient), accumulator)))
        after = ops.divide(after, learning_rate)
        if self.l2_shrinkage_regularization_strength:
            gradient = ops.add(gradient, ops.multiply(variable, 2 * self.l2_shrinkage_regularization_strength))
        change = ops.subtract(after, ops.divide(before, learning_rate))
        linear = replace(linear, ops.add(ops.subtract(gradient, ops.multiply(change, variable)), linear))
        quadratic = ops.add(after, 2 * self.l2_regularization_strength)
        if self.beta:
            quadratic = ops.add(quadratic, ops.divide(self.beta, learning_rate))
        l1 = self.l1_regularization_strength
        variable.assign(ops.divide(ops.subtract(ops.clip(linear, -l1, l1), linear), quadratic))

    def _root(self, accumulator: Any) -> Any:
        """The accumulator to the power of -learning_rate_power."""
        if self.learning_rate_power == -0.5:
            return ops.sqrt(accumulator)
        return ops.power(accumulator, -self.learning_rate_power)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
