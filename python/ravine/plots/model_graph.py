"""What a picture of a model shows: its layers as nodes, what flows between them as edges."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ravine import _tree
from ravine.layers.input_layer import InputLayer
from ravine.layers.operation import Operation


@dataclass(frozen=True)
class Shown:
    """What a node says about its layer; the options of `plot_model`."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False


@dataclass
class Entry:
    """A layer in the picture; for a nested model that is opened, `inside` holds its own picture."""

    layer: Any
    input_shape: Any = None
    output_shape: Any = None
    dtype: Any = None
    inside: Graph | None = None

    @property
    def key(self) -> int:
        return id(self.layer)

    def title(self, shown: Shown) -> tuple[str, str]:
        """The name, or nothing, and the class."""
        kind = self.layer.kind if isinstance(self.layer, Operation) else type(self.layer).__name__
        return (self.layer.name, f" ({kind})") if shown.names else ("", kind)

    def facts(self, shown: Shown) -> Iterator[tuple[str, str]]:
        """What and how much, as far as it is asked for."""
        if shown.activations and getattr(self.layer, "activation", None) is not None:
            yield "Activation", _name_of(self.layer.activation)
        if shown.shapes:
            if not isinstance(self.layer, InputLayer):
                yield "Input shape", _words(self.input_shape)
            yield "Output shape", _words(self.output_shape)
        if shown.dtype:
            yield "Output dtype", _words(self.dtype)

    def state(self, shown: Shown) -> str | None:
        """Trainable or not, for layers that have weights."""
        if not shown.trainable or not self.layer.weights:
            return None
        return "Trainable" if self.layer.trainable else "Non-trainable"


@dataclass
class Graph:
    """The layers of one model, in order.

    Attributes:
        edges: (from, to) as keys of entries, and which of the target's inputs it is.
        sources: the keys of the entries that the inputs of the model go to.
        sinks: the keys of the entries that its outputs come from.
    """

    name: str
    entries: list[Entry]
    edges: list[tuple[int, int, int]] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    sinks: list[int] = field(default_factory=list)

    def first(self, key: int, index: int) -> Entry:
        """The entry that takes what flows into `key`: itself, or inside of a nested model the one at its input."""
        entry = self._entry(key)
        if entry.inside is None:
            return entry
        sources = entry.inside.sources
        return entry.inside.first(sources[min(index, len(sources) - 1)], 0)

    def last(self, key: int) -> Entry:
        """The entry that gives what flows out of `key`."""
        entry = self._entry(key)
        return entry if entry.inside is None else entry.inside.last(entry.inside.sinks[0])

    def _entry(self, key: int) -> Entry:
        return next(entry for entry in self.entries if entry.key == key)


def graph_of(model: Any, expand_nested: bool = False) -> Graph:
    """The graph of a built model. A model whose `call` is written by hand is a single node.

    Raises:
        ValueError: the model is not built.
    """
    if not model.built:
        raise ValueError(
            f"{type(model).__name__} {model.name!r} is not built, so its layers have no shapes yet. Call it on data, "
            "or build((None, ...)) it with the shape of the input."
        )
    from ravine.models import Sequential

    network = getattr(model, "_network", None)
    if isinstance(model, Sequential):
        graph = _chain_of(model)
    elif network is not None:
        graph = _network_of(model, network)
    else:
        key = id(model)
        graph = Graph(model.name, [Entry(model)], sources=[key], sinks=[key])
    if expand_nested:
        for entry in graph.entries:
            if entry.layer is not model and _has_graph(entry.layer):
                entry.inside = graph_of(entry.layer, expand_nested)
    return graph


def _has_graph(layer: Any) -> bool:
    from ravine.models import Sequential

    return (isinstance(layer, Sequential) and bool(layer.layers)) or getattr(layer, "_network", None) is not None


def _chain_of(model: Any) -> Graph:
    entries = []
    shape = model.input_shape
    for layer, output in zip(model.operations, model._output_shapes(), strict=True):
        entries.append(Entry(layer, shape, output, "float32"))
        shape = output
    keys = [entry.key for entry in entries]
    edges = [(source, target, 0) for source, target in itertools.pairwise(keys)]
    return Graph(model.name, entries, edges, keys[:1], keys[-1:])


def _network_of(model: Any, network: Any) -> Graph:
    entries = {id(layer): Entry(layer) for layer in network.layers}
    origin = {}
    for source, tensor in zip(network.sources, network.input_tensors, strict=True):
        entry = entries[id(source)]
        entry.output_shape, entry.dtype = tensor.shape, tensor.dtype
        origin[id(tensor)] = entry.key
    edges = []
    for node in network.nodes:
        entry = entries[id(node.layer)]
        if entry.output_shape is None:  # of a shared layer the first call
            entry.input_shape = _tree.mapped(
                lambda x: x.shape, node.inputs[0] if len(node.inputs) == 1 else node.inputs
            )
            entry.output_shape = _tree.mapped(lambda x: x.shape, node.outputs)
            entry.dtype = _tree.mapped(lambda x: x.dtype, node.outputs)
        edges += [(origin[id(tensor)], entry.key, index) for index, tensor in enumerate(node.inputs)]
        origin.update((id(tensor), entry.key) for tensor in _tree.leaves(node.outputs))
    sources = [id(source) for source in network.sources]
    sinks = [origin[id(tensor)] for tensor in network.output_tensors]
    return Graph(model.name, list(entries.values()), edges, sources, sinks)


def _name_of(activation: Any) -> str:
    return str(getattr(activation, "name", None) or getattr(activation, "__name__", None) or activation)


def _words(value: Any) -> str:
    if value is None:
        return "?"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    return str(value)
