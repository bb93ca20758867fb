"""What surrounds a layer's call: who called, in which mode, and with which arguments."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ravine import _tree
from ravine.ops.tracing import SymbolicTensor
from ravine.tensor import KerasTensor
from ravine.variable import Variable

_stack = threading.local()


@dataclass(frozen=True)
class Signature:
    """What a layer's `call` takes."""

    parameters: inspect.Signature
    has_training: bool
    has_mask: bool
    training_default: Any


@cache
def signature_of(call: Any) -> Signature:
    """The signature of an unbound `call`, without `self`."""
    signature = inspect.signature(call)
    parameters = list(signature.parameters.values())[1:]
    named = {p.name: p for p in parameters}
    training = named.get("training")
    default = None if training is None or training.default is training.empty else training.default
    return Signature(signature.replace(parameters=parameters), training is not None, "mask" in named, default)


@contextmanager
def calling(layer: Any, training: Any) -> Iterator[None]:
    """Inside, `training` is the mode that inner layers inherit."""
    calls = _calls()
    calls.append((layer, training))
    try:
        yield
    finally:
        calls.pop()


def outer_training() -> Any:
    """The mode of the layer that is being called, or None outside of any call."""
    calls = _calls()
    return calls[-1][1] if calls else None


class Watcher:
    """Sees every call of a layer in a trace while it is `watching`, and may change the mode."""

    def mode(self, layer: Any, training: bool) -> bool:
        """The mode in which `layer` is called, instead of `training`."""
        return training

    def called(self, layer: Any, args: tuple, outputs: Any) -> None:
        """`layer` has been called; inner layers before outer ones."""


@dataclass
class LayerCall:
    """One call of a layer: the tensors among its positional arguments, and what it put out."""

    layer: Any
    inputs: list[Any]
    outputs: list[Any]


class Recorder(Watcher):
    """Notes the calls of layers, inner layers before outer ones."""

    def __init__(self) -> None:
        self.calls: list[LayerCall] = []

    def called(self, layer: Any, args: tuple, outputs: Any) -> None:
        self.calls.append(LayerCall(layer, traced_tensors(args), traced_tensors(outputs)))


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Inside, `watcher` sees the calls of layers in this thread."""
    outer = watcher_of_calls()
    _stack.__dict__["watcher"] = watcher
    try:
        yield
    finally:
        _stack.__dict__["watcher"] = outer


def watcher_of_calls() -> Watcher | None:
    return _stack.__dict__.get("watcher")


def _calls() -> list:
    return _stack.__dict__.setdefault("calls", [])


def traced_tensors(values: Any) -> list[SymbolicTensor]:
    """The tensors of a trace in a structure."""
    return [x for x in _tree.leaves(values) if isinstance(x, SymbolicTensor)]


def is_tensor(x: Any) -> bool:
    return isinstance(x, (SymbolicTensor, np.ndarray, Variable, KerasTensor))


def to_tensors(argument: Any) -> Any:
    """`argument` with what looks like an array turned into one: lists of numbers, scalars, foreign tensors."""
    if argument is None or isinstance(argument, (str, bool)) or is_tensor(argument):
        return argument
    if isinstance(argument, (list, tuple)) and argument:
        if all(isinstance(leaf, (int, float, np.number)) for leaf in _tree.leaves(argument)):
            return np.asarray(argument)
        return type(argument)([to_tensors(part) for part in argument])
    if isinstance(argument, dict):
        return {key: to_tensors(part) for key, part in argument.items()}
    if isinstance(argument, (int, float)) or hasattr(argument, "__array__"):
        return np.asarray(argument)
    return argument


def foreign_to_tensor(argument: Any) -> Any:
    """For keyword arguments: only foreign tensors are converted, numbers and lists stay what they are."""
    return argument if is_tensor(argument) or not hasattr(argument, "__array__") else np.asarray(argument)


def shapes_of(argument: Any) -> Any:
    """The structure of shapes of a structure of tensors; None where there is no tensor."""
    return _tree.mapped(lambda x: tuple(x.shape) if hasattr(x, "shape") else None, argument)


def shape_per_sample(tensor: Any) -> tuple | None:
    """The shape with None for the batch; None for what is no tensor."""
    shape = getattr(tensor, "shape", None)
    return None if shape is None else (None, *shape[1:]) if len(shape) else ()


def is_shape(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(size is None or isinstance(size, (int, np.integer)) for size in x)


def map_shapes(function: Any, shapes: Any) -> Any:
    """Apply `function` to every shape in a structure of shapes; lists of sizes count as shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, shape) for key, shape in shapes.items()}
    return type(shapes)([map_shapes(function, shape) for shape in shapes]) if shapes is not None else None
