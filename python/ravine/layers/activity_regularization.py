"""ActivityRegularization."""

from __future__ import annotations

from typing import Any

from ravine import ops, regularizers
from ravine.layers.elementwise import Elementwise


class ActivityRegularization(Elementwise):
    """Passes its input on and adds l1 * sum(|x|) + l2 * sum(x^2), divided by the batch size, to the loss.

    Raises ValueError for negative factors.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def call(self, inputs: Any) -> Any:
        return ops.convert_to_tensor(inputs)

    def get_config(self) -> dict:
        config = {**super().get_config(), "l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]  # made from l1 and l2
        return config
