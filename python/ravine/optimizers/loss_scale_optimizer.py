"""LossScaleOptimizer: a loss scale that finds its own size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ravine import _config, ops
from ravine.initializers import Constant
from ravine.optimizers.optimizer import Optimizer, run_if
from ravine.variable import Variable


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale so that small gradients do not vanish, and divides the gradients by it. A step in
    which a gradient is not finite is left out and halves the scale; `dynamic_growth_steps` finite steps in a row
    double it (Micikevicius et al. 2018, section 3.2, with Keras' constants).

    ravine computes in float32, where no scale is needed; this is for code and files that have one, and leaves out the
    steps with infinite gradients.

    Args:
        inner_optimizer: an optimizer, which makes the steps.
        initial_scale: what the scale starts with.
        dynamic_growth_steps: see above.

    Raises:
        ValueError: for arguments that belong to `inner_optimizer`.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ):
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer: dynamic=False is not supported; give `loss_scale_factor` to the inner optimizer."
            )
        given = {key: value for key, value in kwargs.items() if value not in (None, False)}
        if given:
            raise ValueError(f"LossScaleOptimizer: give these arguments to the inner optimizer: {given}.")
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = float(initial_scale)
        self.dynamic_growth_steps = int(dynamic_growth_steps)
        inner_optimizer.loss_scale_factor = None

    @property
    def variables(self) -> list[Variable]:
        """Its own step count, learning rate, counter and scale, then those of the inner optimizer."""
        return super().variables + self.inner_optimizer.variables

    def _expect(self, count: int) -> None:
        self.inner_optimizer._expect(count - len(super().variables))

    def _make_slots(self, variables: list[Variable]) -> None:
        if not self.built:
            self.step_counter = self.add_variable((), dtype="int64", name="step_counter")
            self.dynamic_scale = self.add_variable((), Constant(self.initial_scale), name="dynamic_scale")
        self.inner_optimizer._ensure_built(variables)

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        finite = ops.all(ops.isfinite(grads[0]))
        for gradient in grads[1:]:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(gradient)))
        scale = self.dynamic_scale
        run_if(finite, lambda: self.inner_optimizer.apply([ops.divide(g, scale) for g in grads], variables))
        count = ops.add(self.step_counter, 1)
        grown = ops.greater_equal(count, self.dynamic_growth_steps)
        factor = ops.where(finite, ops.where(grown, 2.0, 1.0), 0.5)
        self.step_counter.assign(ops.where(ops.logical_and(finite, ops.logical_not(grown)), count, 0.0))
        scale.assign(ops.multiply(scale, factor))

    @property
    def learning_rate(self) -> Any:
        """That of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def learning_rate_scale(self) -> float:
        """That of the inner optimizer."""
        return self.inner_optimizer.learning_rate_scale

    @learning_rate_scale.setter
    def learning_rate_scale(self, value: Any) -> None:
        self.inner_optimizer.learning_rate_scale = value

    @property
    def iterations(self) -> Any:
        """That of the inner optimizer: the steps that were not left out."""
        return self.inner_optimizer.iterations

    def learning_rate_logs(self) -> dict[str, float]:
        return self.inner_optimizer.learning_rate_logs()

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the present scale."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict:
        return {
            "name": self.name,
            "inner_optimizer": _config.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }
