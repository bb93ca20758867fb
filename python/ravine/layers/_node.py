"""Calling layers on KerasTensors, which describes a graph of layers: every call is a node of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _tree
from ravine.ops.tracing import SymbolicTensor, Trace
from ravine.tensor import KerasTensor, tag_of


class Node:
    """One call of a layer on KerasTensors.

    Attributes:
        layer: the layer that was called.
        args, kwargs: what it was given; KerasTensors stand anywhere in them.
        outputs: the structure of KerasTensors that it gave.
    """

    __slots__ = ("args", "kwargs", "layer", "outputs")

    def __init__(self, layer: Any, args: tuple, kwargs: dict, outputs: Any = None) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs

    @property
    def inputs(self) -> list[KerasTensor]:
        """The KerasTensors among the arguments."""
        return [x for x in _tree.leaves([self.args, self.kwargs]) if isinstance(x, KerasTensor)]

    def index_of(self, tensor: KerasTensor) -> int:
        """Which of the outputs `tensor` is."""
        return next(i for i, x in enumerate(_tree.leaves(self.outputs)) if x is tensor)


def call_on_descriptions(layer: Any, args: tuple, kwargs: dict) -> Any:
    """Call `layer` on KerasTensors: builds it when it is not built, finds the outputs' shapes and notes the call.

    `kwargs` are those of the user: a mode that is not among them is that of the model when it runs.
    """
    with Trace() as trace:
        traced = _tree.mapped(lambda x: trace_input(trace, x) if isinstance(x, KerasTensor) else x, (args, kwargs))
        results = layer._call_traced(trace, *layer._with_mode(*traced))
    node = Node(layer, args, dict(kwargs))
    count = sum(isinstance(x, SymbolicTensor) for x in _tree.leaves(results))
    names = iter([layer.name] if count == 1 else [f"{layer.name}_{index}" for index in range(count)])
    node.outputs = _tree.mapped(
        lambda x: KerasTensor(x.shape, x.dtype, next(names), node) if isinstance(x, SymbolicTensor) else x, results
    )
    layer._inbound_nodes.append(node)
    return node.outputs


def trace_input(trace: Trace, tensor: KerasTensor) -> SymbolicTensor:
    """An input of a trace that is what `tensor` describes."""
    return trace.input(tensor.name, tensor.shape, tag_of(np.dtype(tensor.dtype)))
