"""Masking."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers.elementwise import Elementwise


class Masking(Elementwise):
    """Sets time steps of shape (batch, time, features) whose features all equal `mask_value` to 0 and marks them in
    the mask, which later layers receive."""

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, inputs: Any) -> Any:
        return ops.where(self._kept(inputs, keepdims=True), inputs, 0.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for the time steps that count: shape (batch, time)."""
        return self._kept(inputs, keepdims=False)

    def _kept(self, inputs: Any, keepdims: bool) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=keepdims)

    def get_config(self) -> dict:
        return {**super().get_config(), "mask_value": self.mask_value}
