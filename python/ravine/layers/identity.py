"""Identity."""

from __future__ import annotations

from typing import Any

from ravine import _tree, ops
from ravine.layers.elementwise import Elementwise


class Identity(Elementwise):
    """What comes in goes out: a tensor, or a structure of tensors."""

    def call(self, inputs: Any) -> Any:
        return _tree.mapped(ops.convert_to_tensor, inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
