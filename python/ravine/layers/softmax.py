"""Softmax."""

from __future__ import annotations

from typing import Any

from ravine import activations, ops
from ravine.layers.elementwise import Elementwise

_EXCLUDED = -1e9  # far below any logit, and finite, so that a row that is masked out as a whole does not become NaN


class Softmax(Elementwise):
    """exp(x) / sum(exp(x)) along `axis`, an integer or a list of them.

    Called with `mask`, which broadcasts with the inputs, places where it is False (or at most 0.5) get probability 0.
    """

    def __init__(self, axis: int | list[int] | tuple[int, ...] = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            inputs = ops.where(self._fitting(mask, inputs.shape), inputs, _EXCLUDED)
        if isinstance(self.axis, (list, tuple)) and len(self.axis) == 1:
            return activations.softmax(inputs, self.axis[0])
        if isinstance(self.axis, (list, tuple)):
            return ops.exp(ops.subtract(inputs, ops.logsumexp(inputs, self.axis, keepdims=True)))
        return activations.softmax(inputs, self.axis)

    def _fitting(self, mask: Any, shape: tuple) -> Any:
        sizes = tuple(mask.shape)
        pairs = zip(sizes[::-1], shape[::-1], strict=False)
        if len(sizes) > len(shape) or any(None not in (a, b) and a not in (1, b) for a, b in pairs):
            raise ValueError(
                f"{self._label}: expected a mask that broadcasts to the inputs' shape {shape}, received shape {sizes}."
            )
        return mask if mask.dtype == "bool" else ops.greater(mask, 0.5)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}
