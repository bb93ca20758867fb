"""Network: a graph of layers, from the KerasTensors that layers were called on."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ravine import _tree
from ravine.layers._node import Node
from ravine.layers.input_layer import InputLayer
from ravine.tensor import KerasTensor


class Network:
    """The calls of layers that lead from inputs to outputs.

    Args:
        inputs, outputs: a KerasTensor, or a list, tuple or dict of them; a list of one counts as that one. An input may
            be any tensor of a graph; what leads to it is not part of the network.

    Attributes:
        nodes: the calls, each after those whose results it takes.
        layers: each once, in Keras' order: by their distance from the outputs, the farthest first.
        sources: the InputLayer of each input.

    Raises:
        TypeError: something that is not a KerasTensor.
        ValueError: an output depends on an input that is not among `inputs`; two layers have the same name.
    """

    def __init__(self, inputs: Any, outputs: Any, where: str) -> None:
        self.inputs = inputs = _unwrapped(inputs)
        self.outputs = outputs = _unwrapped(outputs)
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            for tensor in _tree.leaves(structure):
                if not isinstance(tensor, KerasTensor):
                    raise TypeError(
                        f"{where}: expected {what} that begin with keras.Input(shape), received {tensor!r}."
                    )
                if tensor.node is None:
                    raise ValueError(f"{where}: {tensor!r} among the {what} does not come from keras.Input(shape).")
        self.input_tensors: list[KerasTensor] = _tree.leaves(inputs)
        self.output_tensors: list[KerasTensor] = _tree.leaves(outputs)
        if len({id(x) for x in self.input_tensors}) < len(self.input_tensors):
            raise ValueError(f"{where}: the same input is given twice.")
        self.sources = [_source(tensor) for tensor in self.input_tensors]
        self.nodes = self._sorted_nodes(where)
        self.layers = self._sorted_layers()
        names: dict[str, Any] = {}
        for layer in self.layers:
            if names.setdefault(layer.name, layer) is not layer:
                raise ValueError(f"{where}: all layers need different names, but two are called {layer.name!r}.")

    # Structure.

    def _sorted_nodes(self, where: str) -> list[Node]:
        given = {id(tensor) for tensor in self.input_tensors}
        done: set[int] = set()
        open_nodes: set[int] = set()
        order: list[Node] = []
        # A walk with its own stack: nets may be deeper than Python's.
        stack = [(node, False) for node in reversed(_producers(self.output_tensors, given))]
        while stack:
            node, inputs_done = stack.pop()
            if id(node) in done:
                continue
            if inputs_done:
                done.add(id(node))
                order.append(node)
                continue
            if isinstance(node.layer, InputLayer):
                raise ValueError(
                    f"{where}: an output depends on the input {node.layer.name!r}, which is not among the inputs "
                    f"({', '.join(x.name for x in self.input_tensors)})."
                )
            if id(node) in open_nodes:
                raise ValueError(f"{where}: {node.layer._label} depends on its own output.")
            open_nodes.add(id(node))
            stack.append((node, True))
            stack += [(inner, False) for inner in reversed(_producers(node.inputs, given)) if id(inner) not in done]
        return order

    def _sorted_layers(self) -> list[Any]:
        given = {id(tensor) for tensor in self.input_tensors}
        depths: dict[int, int] = {}  # of nodes: how many calls lie between them and the outputs
        layer_depths: dict[int, int] = {}
        for node in reversed(self.nodes):
            depth = max(depths.get(id(node), 0), layer_depths.get(id(node.layer), 0))
            depths[id(node)] = layer_depths[id(node.layer)] = depth
            for tensor in node.inputs:
                key = id(tensor) if id(tensor) in given else id(tensor.node)
                depths[key] = max(depths.get(key, 0), depth + 1)
        for tensor, source in zip(self.input_tensors, self.sources, strict=True):
            layer_depths[id(source)] = depths.get(id(tensor), 0)
        order = {id(layer): index for index, layer in enumerate(self._met_from_outputs(given))}
        layers = {id(layer): layer for layer in [*self.sources, *(node.layer for node in self.nodes)]}
        return sorted(layers.values(), key=lambda layer: (-layer_depths[id(layer)], order.get(id(layer), -1)))

    def _met_from_outputs(self, given: set[int]) -> Iterator[Any]:
        """Layers in the order in which a walk from the outputs comes upon them."""
        source_of = {id(tensor): source for tensor, source in zip(self.input_tensors, self.sources, strict=True)}
        met: set[int] = set()
        stack: list[KerasTensor] = self.output_tensors[::-1]
        seen: set[int] = set()
        while stack:
            tensor = stack.pop()
            layer = source_of[id(tensor)] if id(tensor) in given else tensor.node.layer
            if id(layer) not in met:
                met.add(id(layer))
                yield layer
            if id(tensor) not in given and id(tensor.node) not in seen:
                seen.add(id(tensor.node))
                stack += tensor.node.inputs[::-1]

    @property
    def input_names(self) -> list[str]:
        return [source.name for source in self.sources]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs."""
        return [tensor.node.layer.name for tensor in self.output_tensors]

    # Running.

    def run(self, inputs: list[Any], training: bool | None) -> Any:
        """The structure of outputs for the tensors `inputs`, one for each of `input_tensors`."""
        values = {id(tensor): x for tensor, x in zip(self.input_tensors, inputs, strict=True)}

        def look_up(x: Any) -> Any:
            return values[id(x)] if isinstance(x, KerasTensor) else x

        for node in self.nodes:
            args, kwargs = _tree.mapped(look_up, (node.args, node.kwargs))
            kwargs.setdefault("training", training)
            results = node.layer(*args, **kwargs)
            described = _tree.leaves(node.outputs)
            for tensor, result in zip(described, _tree.leaves(results), strict=True):
                values[id(tensor)] = result
        return _tree.mapped(look_up, self.outputs)

    # Copying. Tensors refer to nodes and nodes to tensors; a flat form keeps copies of deep nets within Python's stack.

    def __getstate__(self) -> dict[str, Any]:
        places: dict[int, tuple[int, int]] = {id(x): (-1, i) for i, x in enumerate(self.input_tensors)}
        calls = []
        for index, node in enumerate(self.nodes):
            args, kwargs = _tree.mapped(lambda x: _Place.of(x, places), (node.args, node.kwargs))
            calls.append((node.layer, args, kwargs, _tree.mapped(_Description.of, node.outputs)))
            for position, tensor in enumerate(_tree.leaves(node.outputs)):
                places[id(tensor)] = (index, position)
        return {
            "inputs": _tree.mapped(lambda x: _Place.of(x, places), self.inputs),
            "outputs": _tree.mapped(lambda x: _Place.of(x, places), self.outputs),
            "described": [_Description.of(x) for x in self.input_tensors],
            "sources": self.sources,
            "layers": self.layers,
            "calls": calls,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.sources, self.layers = state["sources"], state["layers"]
        tensors: dict[tuple[int, int], KerasTensor] = {}
        for index, (source, described) in enumerate(zip(self.sources, state["described"], strict=True)):
            node = Node(source, (), {})
            node.outputs = tensors[-1, index] = described.tensor(node)
            source._inbound_nodes.append(node)

        def put_back(x: Any) -> Any:
            return tensors[x.node, x.position] if isinstance(x, _Place) else x

        self.nodes = []
        for index, (layer, args, kwargs, outputs) in enumerate(state["calls"]):
            node = Node(layer, *_tree.mapped(put_back, (args, kwargs)))
            node.outputs = _tree.mapped(functools.partial(_Description.tensor, node=node), outputs)
            for position, tensor in enumerate(_tree.leaves(node.outputs)):
                tensors[index, position] = tensor
            layer._inbound_nodes.append(node)
            self.nodes.append(node)
        self.inputs = _tree.mapped(put_back, state["inputs"])
        self.outputs = _tree.mapped(put_back, state["outputs"])
        self.input_tensors = _tree.leaves(self.inputs)
        self.output_tensors = _tree.leaves(self.outputs)


class _Place:
    """Where a tensor comes from: a node and which of its outputs, or -1 and which of the inputs."""

    def __init__(self, node: int, position: int) -> None:
        self.node, self.position = node, position

    @staticmethod
    def of(x: Any, places: dict[int, tuple[int, int]]) -> Any:
        return _Place(*places[id(x)]) if isinstance(x, KerasTensor) else x


class _Description:
    """A KerasTensor without its node."""

    def __init__(self, shape: tuple, dtype: str, name: str) -> None:
        self.shape, self.dtype, self.name = shape, dtype, name

    @staticmethod
    def of(x: KerasTensor) -> _Description:
        return _Description(x.shape, x.dtype, x.name)

    def tensor(self, node: Node) -> KerasTensor:
        return KerasTensor(self.shape, self.dtype, self.name, node)


def _unwrapped(structure: Any) -> Any:
    return structure[0] if isinstance(structure, (list, tuple)) and len(structure) == 1 else structure


def _source(tensor: KerasTensor) -> InputLayer:
    """The InputLayer that a tensor comes from, or a new one that stands in for what leads to it."""
    if isinstance(tensor.node.layer, InputLayer):
        return tensor.node.layer
    return InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"{tensor.name}_input")


def _producers(tensors: list[KerasTensor], given: set[int]) -> list[Node]:
    return [tensor.node for tensor in tensors if id(tensor) not in given]
