"""Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer, checked_beta
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Adam(Optimizer):
    """m += (1 - beta_1)(g - m), v += (1 - beta_2)(g^2 - v),
    w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon) at step t = 1, 2, ...

    Kingma & Ba 2015 in the form before their section 2.1, as in Keras: `epsilon` (their epsilon hat) is added to the
    root without bias correction. With `amsgrad` the largest v so far takes the place of v (Reddi et al. 2018).

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
        amsgrad: bool = False,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = checked_beta(self, "beta_1", beta_1)
        self.beta_2 = checked_beta(self, "beta_2", beta_2)
        self.epsilon = float(epsilon)
        self.amsgrad = bool(amsgrad)
        self._momentums: list[Variable] = []
        self._velocities: list[Variable] = []
        self._largest_velocities: list[Variable] = []

    def _make_slots(self, variables: list[Variable]) -> None:
        for variable in variables:
            self._momentums.append(self.add_variable_from_reference(variable, "momentum"))
            self._velocities.append(self.add_variable_from_reference(variable, "velocity"))
        if self.amsgrad:
            self._largest_velocities += [self.add_variable_from_reference(v, "velocity_hat") for v in variables]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        if "rate" not in self._shared:
            self._shared["rate"] = ops.adam_rate(learning_rate, self.iterations, self.beta_1, self.beta_2)
        rate = self._shared["rate"]
        if not self.amsgrad:
            ops.adam_update_at_rate(variable, gradient, m, v, rate, self.beta_1, self.beta_2, self.epsilon)
            return
        largest = self._largest_velocities[index]
        m.assign_add((gradient - m) * (1.0 - self.beta_1))
        v.assign_add((ops.square(gradient) - v) * (1.0 - self.beta_2))
        largest.assign(ops.maximum(largest, v))
        variable.assign_sub(m * rate / (ops.sqrt(largest) + self.epsilon))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
