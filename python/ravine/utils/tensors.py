"""Questions about KerasTensors."""

from __future__ import annotations

from typing import Any

from ravine.tensor import KerasTensor


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` describes a tensor of a graph of layers."""
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The inputs that a KerasTensor depends on, in the order in which they are met."""
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        node = stack.pop().node
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.inputs:
            stack += node.inputs[::-1]
        else:
            found[id(node)] = node.outputs
    return list(found.values())
