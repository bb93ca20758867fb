"""Muon."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ravine import ops
from ravine.optimizers.optimizer import CommonButDecay, Optimizer
from ravine.optimizers.rules import checked_beta, checked_momentum, replace
from ravine.variable import Variable

if TYPE_CHECKING:
    from typing import Unpack


class Muon(Optimizer):
    """Momentum whose steps are made orthogonal, for matrices; AdamW for everything else.

    For a matrix m = momentum * m + g, u = g + momentum * m (with `nesterov`, else m), and with the larger of its two
    sizes n, w -= learning_rate * rms_rate * sqrt(n) * orthogonal(u). orthogonal(u) begins with x = u / |u| and is
    `ns_steps` times x = a x + (b x x' + c (x x')^2) x, a Newton-Schulz iteration that drives all singular values
    towards 1 (Jordan et al. 2024; the factor rms_rate sqrt(n), for steps as long as AdamW's, is Liu et al. 2025).

    Args:
        learning_rate: 0.001 by default.
        adam_beta_1: beta_1 of AdamW; as `adam_beta_2` and `epsilon`.
        adam_weight_decay: weight decay where AdamW is used.
        weight_decay: weight decay of the matrices.
        exclude_layers: regular expressions searched for in the paths of variables, which AdamW then changes.
        exclude_embeddings: whether variables with "embedding" in their paths are left to AdamW.
        muon_a: a; as `muon_b` and `muon_c`.
        adam_lr_ratio: a factor of the learning rate of AdamW.
        rms_rate: None leaves out the factor rms_rate sqrt(n).
        **kwargs: those of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Unpack[CommonButDecay],
    ):
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1 = checked_beta(self, "adam_beta_1", adam_beta_1)
        self.adam_beta_2 = checked_beta(self, "adam_beta_2", adam_beta_2)
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = float(epsilon)
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = checked_momentum(self, "momentum", momentum)
        self.ns_steps = int(ns_steps)
        self.nesterov = bool(nesterov)
        self.rms_rate = rms_rate

    def _by_adam(self, variable: Variable) -> bool:
        if variable.ndim != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def _make_slots(self, variables: list[Variable]) -> None:
        shapes = {"velocity": lambda v: v.shape if self._by_adam(v) else None}
        self._add_slots(variables, shapes, momentum="zeros", velocity="zeros")

    def _decay_of(self, variable: Variable) -> float | None:
        if not self._decays(variable):
            return None
        return self.adam_weight_decay if self._by_adam(variable) else self.weight_decay

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m = self._slot("momentum", variable)
        if self._by_adam(variable):
            rate = self._once(("adam", id(learning_rate)), lambda: ops.multiply(learning_rate, self.adam_lr_ratio))
            rate = self._corrected_rate(rate, self.adam_beta_1, self.adam_beta_2)
            v = self._slot("velocity", variable)
            ops.adam_update_at_rate(variable, gradient, m, v, rate, self.adam_beta_1, self.adam_beta_2, self.epsilon)
            return
        m = replace(m, ops.add(gradient, ops.multiply(m, self.momentum)))
        step = self._orthogonal(ops.add(gradient, ops.multiply(m, self.momentum)) if self.nesterov else m)
        scale = 1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(variable.shape))
        variable.assign_sub(ops.multiply(ops.multiply(step, learning_rate), scale))

    def _orthogonal(self, x: Any) -> Any:
        tall = ops.shape(x)[0] > ops.shape(x)[1]
        x = ops.transpose(x) if tall else x
        x = ops.divide(x, ops.add(ops.sqrt(ops.sum(ops.square(x))), 1e-7))
        for _ in range(self.ns_steps):
            square = ops.matmul(x, ops.transpose(x))
            mix = ops.add(ops.multiply(square, self.muon_b), ops.multiply(ops.matmul(square, square), self.muon_c))
            x = ops.add(ops.multiply(x, self.muon_a), ops.matmul(mix, x))
        return ops.transpose(x) if tall else x

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "adam_beta_1": self.adam_beta_1,
            "adam_beta_2": self.adam_beta_2,
            "epsilon": self.epsilon,
            "exclude_layers": self.exclude_layers,
            "muon_a": self.muon_a,
            "muon_b": self.muon_b,
            "muon_c": self.muon_c,
            "adam_lr_ratio": self.adam_lr_ratio,
            "momentum": self.momentum,
            "ns_steps": self.ns_steps,
            "nesterov": self.nesterov,
            "exclude_embeddings": self.exclude_embeddings,
            "adam_weight_decay": self.adam_weight_decay,
            "rms_rate": self.rms_rate,
        }
