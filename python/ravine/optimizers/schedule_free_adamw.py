"""AdamW without a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import checked_beta, replace, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class ScheduleFreeAdamW(Optimizer):
    """AdamW whose weights are an interpolation y = (1 - beta_1) z + beta_1 x of what AdamW's steps lead to, z, and its
    running mean x, which stands in for a decaying rate: v += (1 - beta_2)(g^2 - v),
    z -= learning_rate * g / (sqrt(v / (1 - beta_2^t)) + epsilon), x += (z - x) / t.

    Defazio et al. 2024, algorithm 1. As in Keras the weights stay y after training, and `weight_decay` acts on y.

    Args:
        learning_rate: 0.0025 by default.
        beta_1: above 0, below 1.
        warmup_steps: the rate rises linearly over so many steps.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        if beta_1 == 0:
            raise ValueError(
                "ScheduleFreeAdamW: expected `beta_1` to be above 0, received 0: x could not be recovered."
            )
        self.beta_1 = checked_beta(self, "beta_1", beta_1)
        self.beta_2 = checked_beta(self, "beta_2", beta_2)
        self.epsilon = float(epsilon)
        self.warmup_steps = int(warmup_steps)

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, momentum="zeros", velocity="zeros")
        for variable in variables:
            self._slot("momentum", variable).assign(variable)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        z = self._slot("momentum", variable)
        rate = self._once(("warm", id(learning_rate)), lambda: self._warm(learning_rate))
        weight = self._once("weight", lambda: ops.reciprocal(self._updates()))
        x = ops.divide(ops.subtract(variable, ops.multiply(z, 1.0 - self.beta_1)), self.beta_1)
        v = update_average(self._slot("velocity", variable), ops.square(gradient), self.beta_2)
        root = ops.sqrt(ops.multiply(v, self._corrected_rate(1.0, self.beta_2)))
        z = replace(z, ops.subtract(z, ops.divide(ops.multiply(gradient, rate), ops.add(root, self.epsilon))))
        x = ops.add(ops.multiply(x, ops.subtract(1.0, weight)), ops.multiply(z, weight))
        variable.assign(ops.add(ops.multiply(z, 1.0 - self.beta_1), ops.multiply(x, self.beta_1)))

    def _warm(self, learning_rate: Any) -> Any:
        if not self.warmup_steps:
            return learning_rate
        return ops.multiply(learning_rate, ops.minimum(ops.divide(self._updates(), float(self.warmup_steps)), 1.0))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }
