"""Unit normalization."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers._axes import checked_axes
from ravine.layers.elementwise import Elementwise


class UnitNormalization(Elementwise):
    """x divided by its length along `axis`, an integer or a list of them; a length below 1e-6 counts as 1e-6.

    Raises TypeError for any other `axis`.
    """

    def __init__(self, axis: int | list[int] | tuple[int, ...] = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = checked_axes(axis, self._label)

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, self.axis, order=2, epsilon=1e-12)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}
