"""clone_model: a copy of a model with weights of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ravine import _tree
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.models.model import Model
from ravine.models.sequential import Sequential
from ravine.tensor import KerasTensor


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model of the same layers (new ones, of the same names) with fresh weights. When the model is compiled, the
    clone is too, with a new optimizer. Copy the weights with ``clone.set_weights(model.get_weights())``.

    Args:
        model: a Sequential, a model made by `Model(inputs, outputs)`, or a subclass with `get_config`.
        input_tensors: KerasTensors to begin with, instead of new inputs.
        clone_function: makes the copy of a layer; by default from the layer's configuration. It may return another
            kind of layer, or the layer itself to share it. For models inside, see `recursive`.
        call_function: ``(layer, *args, **kwargs)`` -> outputs; how each copied layer is called, by default as it was.
        recursive: also copy the models inside layer by layer with `clone_function`.

    Raises:
        ValueError: a subclass with functions to copy its layers, whose `call` cannot be taken apart.
        TypeError: not a model, or a clone_function that does not return a layer.
    """
    if kwargs:
        raise TypeError(f"clone_model: arguments not recognized: {', '.join(kwargs)}.")
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a model, received {type(model).__name__}.")
    copier = _Copier(clone_function, recursive)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model: call_function is for models made by Model(inputs, outputs).")
        clone: Model = _sequential(model, input_tensors, copier)
    elif model._network is not None:
        clone = _functional(model, input_tensors, copier, call_function)
    elif clone_function is not None or input_tensors is not None or call_function is not None:
        raise ValueError(
            f"clone_model: {model._label} is a subclass with a call() of its own; only a plain copy can be made of it."
        )
    else:
        clone = type(model).from_config(model.get_config())
    if model.compiled and type(clone).compile is Model.compile:
        optimizer = model.optimizer
        fresh = None if optimizer is None else type(optimizer).from_config(optimizer.get_config())
        clone.compile(**copy.deepcopy({**model._compile_arguments, "optimizer": fresh}))
    return clone


class _Copier:
    """Copies each layer once, so that what was shared stays shared."""

    def __init__(self, function: Callable[[Layer], Layer] | None, recursive: bool) -> None:
        self._function = function
        self._recursive = recursive
        self._copies: dict[int, Layer] = {}

    def __call__(self, layer: Layer) -> Layer:
        if id(layer) not in self._copies:
            self._copies[id(layer)] = self._copied(layer)
        return self._copies[id(layer)]

    def _copied(self, layer: Layer) -> Layer:
        if self._recursive and isinstance(layer, Model):
            return clone_model(layer, clone_function=self._function, recursive=True)
        if self._function is None:
            return type(layer).from_config(layer.get_config())
        copied = self._function(layer)
        if not isinstance(copied, Layer):
            raise TypeError(f"clone_model: clone_function returned {copied!r} for {layer._label}; expected a layer.")
        return copied


def _sequential(model: Sequential, input_tensors: Any, copier: _Copier) -> Sequential:
    layers: list[Any] = [copier(layer) for layer in model.layers]
    if input_tensors is not None:
        tensors = _tree.leaves(input_tensors)
        if len(tensors) != 1 or not isinstance(tensors[0], KerasTensor):
            raise ValueError("clone_model: a Sequential model begins with one KerasTensor.")
        layers.insert(0, tensors[0])
    elif model._input is not None and not model._assumed:
        layers.insert(0, InputLayer.from_config(model._input.get_config()))
    return type(model)(layers, trainable=model.trainable, name=model.name)


def _functional(model: Model, input_tensors: Any, copier: _Copier, call: Callable[..., Any] | None) -> Model:
    network: Any = model._network
    if input_tensors is None:
        remaining = iter(InputLayer.from_config(source.get_config()).output for source in network.sources)
        inputs = _tree.mapped(lambda _: next(remaining), network.inputs)
    else:
        inputs = input_tensors
    given = _tree.leaves(inputs)
    if len(given) != len(network.input_tensors):
        raise ValueError(f"clone_model: expected {len(network.input_tensors)} input tensors, received {len(given)}.")
    tensors: dict[int, Any] = {id(old): new for old, new in zip(network.input_tensors, given, strict=True)}

    def look_up(x: Any) -> Any:
        return tensors[id(x)] if isinstance(x, KerasTensor) else x

    for node in network.nodes:
        layer = copier(node.layer)
        args, kwargs = _tree.mapped(look_up, (node.args, node.kwargs))
        outputs = layer(*args, **kwargs) if call is None else call(layer, *args, **kwargs)
        for old, new in zip(_tree.leaves(node.outputs), _tree.leaves(outputs), strict=True):
            tensors[id(old)] = new
    outputs = _tree.mapped(look_up, network.outputs)
    return Model(inputs, outputs, trainable=model.trainable, name=model.name)
