"""Functional: the class of models made by `Model(inputs, outputs)`."""

from __future__ import annotations

from typing import Any

from ravine import _config, _tree
from ravine import layers as layers_module
from ravine.layers._node import Node
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.layers.operation import KerasOperation
from ravine.models.model import Model
from ravine.tensor import KerasTensor


class Functional(Model):
    """What `Model(inputs, outputs)` makes; see there. Its configuration lists the layers and how they were called."""

    def get_config(self) -> dict[str, Any]:
        """`name`, `trainable`, and in Keras' serialized form `layers` with their calls, `input_layers` and
        `output_layers`."""
        network = self._known_network("configuration")
        indices = _node_indices(network)

        def place(tensor: KerasTensor) -> list[Any]:
            source = sources.get(id(tensor))
            if source is not None:
                return [source.name, 0, 0]
            return [tensor.node.layer.name, indices[id(tensor.node)], tensor.node.index_of(tensor)]

        def described(x: Any) -> Any:
            if not isinstance(x, KerasTensor):
                return x
            config = {"shape": list(x.shape), "dtype": x.dtype, "keras_history": place(x)}
            return {"class_name": "__keras_tensor__", "config": config}

        sources = {id(x): layer for x, layer in zip(network.input_tensors, network.sources, strict=True)}
        entries = []
        for layer in network.layers:
            calls = [node for node in network.nodes if node.layer is layer]
            entries.append(
                {
                    **(layer.entry() if isinstance(layer, KerasOperation) else layers_module.serialize(layer)),
                    "name": layer.name,
                    "inbound_nodes": [
                        {
                            "args": _config.serialize_keras_object(_tree.mapped(described, node.args)),
                            "kwargs": _config.serialize_keras_object(_tree.mapped(described, node.kwargs)),
                        }
                        for node in calls
                    ],
                }
            )
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": entries,
            "input_layers": _tree.mapped(place, network.inputs),
            "output_layers": _tree.mapped(place, network.outputs),
        }


def network_of(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """The inputs and outputs of the graph of new layers that a configuration describes.

    Raises:
        ValueError: a class of a layer is unknown (pass it in `custom_objects`), or the calls do not fit together.
    """
    layers = {
        _entry_name(entry): KerasOperation.from_entry(entry)
        or layers_module.deserialize(_without_calls(entry), custom_objects)
        for entry in config["layers"]
    }
    find = _finder(layers)
    _call_layers(config["layers"], layers, find)
    return _ends(config["input_layers"], find), _ends(config["output_layers"], find)


def _node_indices(network: Any) -> dict[int, int]:
    """The number of each call among those of its layer in this network."""
    counts: dict[int, int] = {}
    indices = {}
    for node in network.nodes:
        indices[id(node)] = counts.get(id(node.layer), 0)
        counts[id(node.layer)] = indices[id(node)] + 1
    return indices


def _entry_name(entry: dict) -> str:
    name = entry.get("name") or entry.get("config", {}).get("name")
    if not isinstance(name, str):
        raise ValueError(f"A layer without a name in the configuration of a model: {entry!r:.200}")
    return name


def _without_calls(entry: dict) -> dict:
    return {key: value for key, value in entry.items() if key not in ("inbound_nodes", "name")}


def _call_layers(entries: list[dict], layers: dict[str, Layer], find: Any) -> None:
    """Call the layers as the entries say, each call once what it takes is there."""
    waiting = [(layers[_entry_name(e)], call) for e in entries for call in _calls(e.get("inbound_nodes", []))]
    while waiting:
        blocked: list[tuple[Layer, dict]] = []
        stuck: set[int] = set()  # the calls of a layer keep their order
        for layer, call in waiting:
            tensors = None if id(layer) in stuck else _found(call, find)
            if tensors is None:
                stuck.add(id(layer))
                blocked.append((layer, call))
            elif any(isinstance(x, KerasTensor) for x in _tree.leaves(tensors)):
                layer(*tensors[0], **tensors[1])
            else:
                raise ValueError(f"{layer._label} is called on no tensor.")
        if len(blocked) == len(waiting):
            names = ", ".join(sorted({layer.name for layer, _ in blocked}))
            raise ValueError(f"The calls of the layers {names} take tensors that no layer gives.")
        waiting = blocked


def _calls(inbound: Any) -> list[dict]:
    """The calls of a layer as {"args", "kwargs"}; older files list [layer, node, tensor, kwargs] for each tensor."""
    calls = []
    for node in inbound:
        if isinstance(node, dict):
            calls.append({"args": node.get("args", []), "kwargs": node.get("kwargs", {})})
            continue
        tensors = [_Place(*entry[:3]) for entry in (node if isinstance(node[0], list) else [node])]
        extra: dict = next(
            (entry[3] for entry in (node if isinstance(node[0], list) else [node]) if len(entry) > 3), {}
        )
        calls.append({"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": extra})
    return calls


class _Place:
    """Which output of which call of a layer."""

    def __init__(self, layer: str, node: int, tensor: int) -> None:
        self.layer, self.node, self.tensor = layer, node, tensor


class _Missing(Exception):
    pass


def _found(call: dict, find: Any) -> tuple[list, dict] | None:
    """The arguments of a call with its tensors; None while one is not there."""

    def look_up(x: Any) -> Any:
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            x = _Place(*x["config"]["keras_history"])
        if isinstance(x, dict):
            return (
                _config.deserialize_keras_object(x)
                if "class_name" in x
                else {key: look_up(value) for key, value in x.items()}
            )
        if isinstance(x, (list, tuple)):
            return type(x)([look_up(part) for part in x])
        if not isinstance(x, _Place):
            return x
        tensor = find(x)
        if tensor is None:
            raise _Missing
        return tensor

    try:
        return look_up(list(call["args"])), look_up(dict(call["kwargs"]))
    except _Missing:
        return None


def _finder(layers: dict[str, Layer]) -> Any:
    """How to find the tensor at a place among these layers, which have not been called yet; None: not there yet."""
    first = {name: 0 if isinstance(layer, InputLayer) else len(layer._inbound_nodes) for name, layer in layers.items()}

    def find(place: _Place) -> KerasTensor | None:
        layer = layers.get(place.layer)
        if layer is None:
            raise ValueError(f"The configuration of a model names a layer {place.layer!r} that is not in it.")
        index = first[place.layer] + place.node
        if index >= len(layer._inbound_nodes):
            return None
        node: Node = layer._inbound_nodes[index]
        outputs = _tree.leaves(node.outputs)
        if not 0 <= place.tensor < len(outputs):
            raise ValueError(f"Layer {place.layer!r} has no output {place.tensor}.")
        return outputs[place.tensor]

    return find


def _ends(structure: Any, find: Any) -> Any:
    """The KerasTensors for a structure of [layer, node, tensor]."""
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        tensor = find(_Place(*structure))
        if tensor is None:
            raise ValueError(f"The configuration of a model names an output that no layer gives: {structure!r}.")
        return tensor
    if isinstance(structure, dict):
        return {key: _ends(value, find) for key, value in structure.items()}
    return [_ends(value, find) for value in structure]


for _module in ("keras", "keras.models", "keras.src.models.functional"):  # Keras writes the last of these
    _config.export(_module, Functional)
