"""Adam and AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, CommonButDecay, Optimizer
from ravine.optimizers.rules import checked_beta, replace, schedule_config, update_average
from ravine.optimizers.schedules.schedule import LearningRateSchedule
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
        beta_1: from 0 to 1; or a schedule of it, such as `schedules.OneCycle(...).momentum` or `schedules.Demon` (not
            in Keras). Then the product of all its values takes the place of beta_1^t.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float | LearningRateSchedule = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        scheduled = isinstance(beta_1, LearningRateSchedule)
        self.beta_1: Any = beta_1 if scheduled else checked_beta(self, "beta_1", beta_1)
        self.beta_2 = checked_beta(self, "beta_2", beta_2)
        self.epsilon = float(epsilon)
        self.amsgrad = bool(amsgrad)
        self._product: Variable | None = None

    def _make_slots(self, variables: list[Variable]) -> None:
        self._add_slots(variables, momentum="zeros", velocity="zeros")
        if self.amsgrad:
            self._add_slots(variables, velocity_hat="zeros")
        if isinstance(self.beta_1, LearningRateSchedule) and self._product is None:
            self._product = self.add_variable((), "ones", name="beta_1_product")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m, v = self._slot("momentum", variable), self._slot("velocity", variable)
        beta_1 = self._scheduled(self.beta_1)
        if beta_1 is self.beta_1:
            rate = self._corrected_rate(learning_rate, beta_1, self.beta_2)
        else:
            rate = self._once(("adam", id(learning_rate)), lambda: self._rate_by_product(learning_rate))
        decay = self._decay_in_step(variable)
        if not self.amsgrad:
            ops.adam_update_at_rate(variable, gradient, m, v, rate, beta_1, self.beta_2, self.epsilon, decay)
            return
        self._decay(variable, decay)
        m = update_average(m, gradient, beta_1)
        v = update_average(v, ops.square(gradient), self.beta_2)
        largest = self._slot("velocity_hat", variable)
        largest = replace(largest, ops.maximum(v, largest))
        variable.assign_sub(ops.divide(ops.multiply(m, rate), ops.add(ops.sqrt(largest), self.epsilon)))

    _decaying_step = update_step

    def _rate_by_product(self, learning_rate: Any) -> Any:
        """The rate of a scheduled beta_1, whose product over all steps is known by what it was before this one."""
        product = self._once("product", self._advance_product)
        return ops.divide(self._corrected_rate(learning_rate, 0.0, self.beta_2), ops.subtract(1.0, product))

    def _advance_product(self) -> Any:
        product = ops.multiply(self._product, self._scheduled(self.beta_1))
        self._product.assign(product)  # type: ignore[union-attr]
        return product

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "beta_1": schedule_config(self.beta_1),
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class AdamW(Adam):
    """Adam with decoupled weight decay, ``w -= learning_rate * weight_decay * w`` before the step.

    Loshchilov & Hutter 2019, algorithm 2, with the learning rate as the schedule multiplier.

    Args:
        learning_rate: 0.001 by default.
        weight_decay: 0.004 by default.
        **kwargs: those of `Optimizer`.

    Raises:
        ValueError: when `weight_decay` is None.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float | LearningRateSchedule = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[CommonButDecay],
    ):
        if weight_decay is None:
            raise ValueError("AdamW: expected `weight_decay` to be a number, received None. Adam has no weight decay.")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)
