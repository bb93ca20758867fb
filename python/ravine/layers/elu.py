"""ELU and SELU."""

from __future__ import annotations

from typing import Any

from ravine import activations
from ravine.layers.elementwise import Elementwise


class ELU(Elementwise):
    """x if x > 0, else alpha * (exp(x) - 1) (Clevert et al. 2016)"""

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, self.alpha)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.alpha}


class SELU(Elementwise):
    """1.0507009873554805 * elu(x, 1.6732632423543772) (Klambauer et al. 2017). It keeps mean 0 and variance 1 through
    many layers when inputs are standardized and kernels start with ``lecun_normal``. A layer of ravine's own."""

    def call(self, inputs: Any) -> Any:
        return activations.selu(inputs)
