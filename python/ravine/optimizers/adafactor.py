"""Adafactor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonArguments, Optimizer
from ravine.optimizers.rules import replace, update_average
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Adafactor(Optimizer):
    """Adam's second moment in the memory of a row and a column: with g2 = g^2 + epsilon_1, d = 1 - t^beta_2_decay,
    r = d * r + (1 - d) mean of g2's rows, c likewise of its columns, v = r c / mean(r) (for vectors v = d * v +
    (1 - d) g2), u = g / sqrt(v), w -= a * u / max(1, rms(u) / clip_threshold),
    a = max(epsilon_2, rms(w)) * min(learning_rate, 1 / sqrt(t)).

    Shazeer & Stern 2018, algorithms 4 and 5; rms is the root of the mean square. The last two axes of a variable are
    its rows and columns.

    Args:
        learning_rate: 0.001 by default.
        relative_step: accepted for Keras' sake. As there, the rate is at most 1 / sqrt(t) in any case.
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Unpack[CommonArguments],
    ):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_2_decay = float(beta_2_decay)
        self.epsilon_1 = float(epsilon_1)
        self.epsilon_2 = float(epsilon_2)
        self.clip_threshold = float(clip_threshold)
        self.relative_step = bool(relative_step)

    def _make_slots(self, variables: list[Variable]) -> None:
        # Keras has rows and columns of vectors too, as scalars that are never used.
        shapes = {
            "row": lambda v: v.shape[:-1] if v.ndim > 1 else (),
            "column": lambda v: (*v.shape[:-2], v.shape[-1]) if v.ndim > 1 else (),
        }
        self._add_slots(variables, shapes, row="zeros", column="zeros", velocity="zeros")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        key = ("adafactor", id(learning_rate))
        rate, decay = self._once(key, lambda: self._rate_and_decay(learning_rate))
        v = self._slot("velocity", variable)
        squares = ops.add(ops.square(gradient), self.epsilon_1)
        if variable.ndim > 1:
            row = update_average(self._slot("row", variable), ops.mean(squares, axis=-1), decay)
            column = update_average(self._slot("column", variable), ops.mean(squares, axis=-2), decay)
            share = ops.divide(row, ops.mean(row, axis=-1, keepdims=True))
            v = replace(v, ops.multiply(ops.expand_dims(share, -1), ops.expand_dims(column, -2)))
        else:
            v = update_average(v, squares, decay)
        # Where a row and a column have no gradient at all, their product is too small for a float.
        step = ops.divide_no_nan(gradient, ops.sqrt(v))
        excess = ops.maximum(ops.divide(_rms(step), self.clip_threshold), 1.0)
        size = ops.multiply(ops.maximum(_rms(variable), self.epsilon_2), rate)
        variable.assign_sub(ops.multiply(step, ops.divide(size, excess)))

    def _rate_and_decay(self, learning_rate: Any) -> tuple[Any, Any]:
        t = self._updates()
        return ops.minimum(learning_rate, ops.rsqrt(t)), ops.subtract(1.0, ops.power(t, self.beta_2_decay))

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
