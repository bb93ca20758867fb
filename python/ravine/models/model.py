"""Model: a layer that can be trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ravine import _config, _tree
from ravine._lookup import close_matches
from ravine.layers import _call
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.layers.operation import Operation
from ravine.models.batch import Layout
from ravine.models.network import Network
from ravine.models.ports import ports_of
from ravine.models.saving_methods import SavingMethods
from ravine.models.summary import print_summary
from ravine.ops import tracing
from ravine.tensor import KerasTensor, as_tensor

Shape = tuple[int | None, ...]


class Model(SavingMethods):
    """A layer that can be trained. There are three ways to make one:

    - `Model(inputs, outputs)` from what layers made of `keras.Input` tensors: any graph of layers, with several inputs
      and outputs (each a tensor, or a list or dict of them), shared layers and models inside of it;
    - `Sequential([...])` for a plain stack of layers;
    - a subclass that makes layers in `__init__` and uses them in `call(self, inputs, training=None)`. `call` is traced:
      it describes the computation with layers and `ravine.ops`, and the engine runs it.

    Args:
        inputs: KerasTensors; also tensors inside of another graph, of which what lies behind them becomes the model.
        outputs: KerasTensors that layers made of the inputs.
        trainable: False freezes all layers.
        name: by default the class name in snake case, with a number.

    Raises:
        ValueError: an output depends on an input that is not given, or two layers have the same name.
        TypeError: something that is not a KerasTensor.
    """

    _network: Network | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _describes_network(args, kwargs):
            from ravine.models.functional import Functional

            cls = Functional
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        ends = _network_arguments(args, kwargs)
        super().__init__(trainable=True, name=name, **kwargs)
        self._init_trainer()
        self.supports_masking = True  # the layers inside see to the masks
        self.__dict__["_network"] = None
        if ends is not None:
            self._set_network(Network(*ends, self._label))
        if not trainable:
            self.trainable = False

    def _set_network(self, network: Network | None) -> None:
        self.__dict__["_network"] = network
        self.__dict__["built"] = network is not None
        if network is not None:
            self._network_layers = tuple(network.layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside of this model, in order; for `Model(inputs, outputs)` the InputLayers too."""
        return [layer for layer in self.operations if not isinstance(layer, Operation)]

    @property
    def operations(self) -> list[Layer]:
        """The layers and what stands between them in `Model(inputs, outputs)`: the ops applied to KerasTensors."""
        if self._network is not None:
            inside = list(self._network.layers)
            return inside + [layer for layer in self._sublayers() if not any(layer is x for x in inside)]
        return [layer for layer in self._sublayers() if not isinstance(layer, InputLayer)]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if self._network is None:
            raise NotImplementedError(
                f"{self._label}: call() is not implemented. Write it, or make the model with Model(inputs, outputs)."
            )
        return self._network.run(self._arranged(inputs), training)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None  # the layers inside have set the masks of the outputs

    def _arranged(self, inputs: Any) -> list[Any]:
        """The tensors of `inputs` in the order of the network's, with shapes that fit."""
        network: Any = self._network
        expected = network.input_tensors
        names = network.input_names
        if isinstance(inputs, dict):
            keys = list(network.inputs) if isinstance(network.inputs, dict) else names
            for accepted in (keys, names):
                if set(accepted) <= set(inputs):
                    keys = accepted
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise ValueError(
                    f"{self._label}: expected inputs named {', '.join(keys)}; received {', '.join(map(str, inputs))}."
                )
            tensors = [inputs[key] for key in keys]
        else:
            tensors = _tree.leaves(inputs)
        if len(tensors) != len(expected):
            raise ValueError(
                f"{self._label}: expected {len(expected)} inputs ({', '.join(names)}), received {len(tensors)}."
            )
        for tensor, want, name in zip(tensors, expected, names, strict=True):
            self._check_shape(tuple(tensor.shape), want.shape, name if len(expected) > 1 else None)
        return tensors

    def _check_shape(self, shape: Shape, expected: Shape, name: str | None = None) -> None:
        fits = len(shape) == len(expected) and all(
            want is None or got is None or want == got for want, got in zip(expected[1:], shape[1:], strict=True)
        )
        if not fits:
            received = (None, *shape[1:])
            which = "input" if name is None else f"input {name!r}"
            hint = " Is the batch axis missing? x[None] adds it." if len(shape) == len(expected) - 1 else ""
            raise ValueError(f"{self._label}: expected {which} of shape {expected}, received shape {received}.{hint}")

    def _accepts(self, input_shape: Any) -> bool:
        """Whether a model that is built can be called on inputs of this shape without being built anew."""
        return True

    def _layout(self) -> Layout:
        network = self._network
        if network is None:
            return Layout()
        return Layout(
            ports_of(network.inputs, network.input_names, "x"), ports_of(network.outputs, self.output_names, "y")
        )

    # The ends of the graph.

    def _known_network(self, what: str) -> Network:
        if self._network is None:
            raise AttributeError(f"{self._label} has no {what} yet: it is not built, or its call() is written by hand.")
        return self._network

    @property
    def input(self) -> Any:
        """The structure of KerasTensors that the model takes."""
        return self._known_network("input").inputs

    @property
    def output(self) -> Any:
        """The structure of KerasTensors that the model gives."""
        return self._known_network("output").outputs

    @property
    def inputs(self) -> list[KerasTensor] | None:
        """The KerasTensors that the model takes, as a list; None when they are not known."""
        return None if self._network is None else list(self._network.input_tensors)

    @property
    def outputs(self) -> list[KerasTensor] | None:
        """The KerasTensors that the model gives, as a list; None when they are not known."""
        return None if self._network is None else list(self._network.output_tensors)

    @property
    def input_shape(self) -> Any:
        """The shapes of `input`, with None for the batch."""
        network = self._known_network("input shape")
        only = len(network.input_tensors) == 1
        return network.input_tensors[0].shape if only else _tree.mapped(lambda x: x.shape, network.inputs)

    @property
    def output_shape(self) -> Any:
        """The shapes of `output`, with None for the batch."""
        network = self._known_network("output shape")
        only = len(network.output_tensors) == 1
        return network.output_tensors[0].shape if only else _tree.mapped(lambda x: x.shape, network.outputs)

    @property
    def input_names(self) -> list[str]:
        return self._known_network("input names").input_names

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that give the outputs; for outputs in a dict its keys."""
        network = self._known_network("output names")
        return list(network.outputs) if isinstance(network.outputs, dict) else network.output_names

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its position.

        Raises:
            ValueError: neither or both are given, or there is no such layer.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: pass either name or index.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self._label}: no layer at index {index}; it has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self._label}: no layer {name!r}. {close_matches(str(name), [x.name for x in layers])}")

    def _output_shapes(self) -> list[tuple | None]:
        """The shapes of what `operations` put out: in the graph of layers, else in their first call."""
        shapes: dict[int, Any] = {}
        if self._network is not None:
            for node in reversed(self._network.nodes):
                shapes[id(node.layer)] = _tree.mapped(lambda x: x.shape, node.outputs)
            for source, tensor in zip(self._network.sources, self._network.input_tensors, strict=True):
                shapes[id(source)] = tensor.shape
        return [shapes.get(id(layer), layer._called_shape) for layer in self.operations]

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | tuple[str, str] | None = None,
    ) -> None:
        """Print a table of the layers: name and type, output shape, number of parameters, and the totals.

        Layers that are not built, or that nothing has called, show "?". `print_fn` is called once with the whole text.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of this shape, `(None, ...)`, by tracing `call` once.

        Raises:
            ValueError: no shape is given.
        """
        if self._network is not None:
            return
        if input_shape is None:
            raise ValueError(f"{self._label}: build() needs the shape of the input, such as build((None, 784)).")
        self.__dict__["built"] = True  # so that the call below does not build again
        try:
            with tracing.Trace() as trace:
                x = _call.map_shapes(lambda shape: trace.input("x", (None, *shape[1:])), input_shape)
                self._call_traced(trace, *self._with_mode((x,), {"training": False}))
        except BaseException:
            self.__dict__["built"] = False
            raise

    def export(self, path: str | os.PathLike, target_shape: tuple[int, ...] | None = None) -> None:
        """Write the model, and when it is compiled its training step, to a file for C++ programs; see
        `ravine.saving.export_model`."""
        from ravine.saving import export_model

        export_model(self, path, target_shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) is np.ndarray and not (kwargs and kwargs != {"training": False}):
            quick = self._quick_program(args[0])
            by_itself = tracing.current() is None and not _call.outer_training()
            if quick is not None and by_itself and not quick.leaves_losses:
                return as_tensor(quick.run([args[0]])[0])
        return super().__call__(*args, **kwargs)

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        """A new model, with fresh weights, from what `get_config` returned; see `Functional.from_config`."""
        if {"layers", "input_layers", "output_layers"} <= config.keys():
            from ravine.models.functional import network_of

            inputs, outputs = network_of(config, custom_objects)
            return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))
        return super().from_config(config, custom_objects)

    def __getstate__(self) -> dict:
        return self._without_programs(super().__getstate__())


def _describes_network(args: tuple, kwargs: dict) -> bool:
    return bool(args) or "inputs" in kwargs or "outputs" in kwargs


def _network_arguments(args: tuple, kwargs: dict) -> tuple[Any, Any] | None:
    """`inputs` and `outputs`, taken out of `kwargs`; None when there are neither."""
    if not _describes_network(args, kwargs):
        return None
    given = dict(zip(("inputs", "outputs"), args, strict=False))
    given.update({key: kwargs.pop(key) for key in ("inputs", "outputs") if key in kwargs})
    if len(args) > 2 or len(given) != 2:
        raise TypeError(f"Model: expected Model(inputs, outputs), received {', '.join(given) or len(args)}.")
    return given["inputs"], given["outputs"]


_config.export("keras", Model)
