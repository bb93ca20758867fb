"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ravine import _config
from ravine import layers as layers_module
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.models.batch import Layout
from ravine.models.model import Model, Shape
from ravine.models.network import Network
from ravine.models.ports import Port, Ports
from ravine.tensor import KerasTensor
from ravine.variable import name_scope


class Sequential(Model):
    """A plain stack of layers.

    Args:
        layers: in order; one may be in it several times. With an `Input` or `InputLayer` in front (or `input_shape=` of
            the first layer) the weights exist at once; otherwise they are created from the first data or by
            `build(input_shape)`.
        trainable: False freezes all layers.
        name: default `sequential`, `sequential_1`, ...

    Raises:
        ValueError: two layers have the same name.
        TypeError: something that is not a layer.
    """

    _input: InputLayer | None
    _assumed: bool

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._stack: tuple[Layer, ...] = ()
        self.__dict__["_input"] = None
        self.__dict__["_assumed"] = False  # whether the shape of the input is merely that of the first layer elsewhere
        if layers is not None:
            if isinstance(layers, Layer) or not isinstance(layers, Iterable):
                layers = [layers]
            for layer in layers:
                self._append(layer)
            self._connect()

    @property
    def layers(self) -> list[Layer]:
        return list(self._stack)

    @property
    def operations(self) -> list[Layer]:
        return self.layers

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer (or, first of all, an `Input`)."""
        self._append(layer)
        if rebuild:
            self._connect()

    def _append(self, entry: Any) -> None:
        declared = _as_input(entry)
        if declared is None:
            self._check_layer(entry)
            self._stack = (*self._stack, entry)
        elif self._stack or self._input is not None:
            raise ValueError(f"{self._label}: an Input must be the first entry, and there can be only one.")
        else:
            self.__dict__["_input"] = declared

    def _check_layer(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = " Create an instance of it." if isinstance(layer, type) else ""
            raise ValueError(
                f"{self._label}: expected a layer, received {layer!r} of type {type(layer).__name__}.{hint}"
            )
        for other in self._stack:
            if other.name == layer.name and other is not layer:
                raise ValueError(f"{self._label}: all layers need different names, but two are called {layer.name!r}.")

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it."""
        if not self._stack:
            raise ValueError(f"{self._label}: there is no layer to remove.")
        *kept, layer = self._stack
        self._stack = tuple(kept)
        if rebuild:
            self._connect()
        return layer

    def _connect(self) -> None:
        """Call the layers one after the other, as far as the shape of the input is known."""
        self._forget_programs()
        if self._input is None and self._stack:
            shape = _known_shape(self._stack[0])
            if shape is not None:
                self.__dict__["_input"] = InputLayer(batch_shape=shape)
                self.__dict__["_assumed"] = self._stack[0]._input_shape_arg is None
        before, self.__dict__["_network"] = self._network, None
        self.__dict__["built"] = False
        if self._input is None or not self._stack:
            return
        tensor: Any = self._input.output
        with name_scope(self.name):
            for position, layer in enumerate(self._stack):
                # What was called on the same tensor before need not be traced again.
                known = before is not None and position < len(before.nodes) and before.nodes[position]
                same = known and known.layer is layer and known.args[0] is tensor
                tensor = known.outputs if known and same else layer(tensor)
        self._set_network(Network(self._input.output, tensor, self._label))

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of shape `(None, ...)`.

        Raises:
            ValueError: there are no layers, or no shape is given and none is known.
        """
        if not self._stack:
            raise ValueError(f"{self._label}: add a layer before building it.")
        if not self._accepts(input_shape):
            self.__dict__.update(_input=None, built=False)
        if self._input is None:
            if input_shape is None:
                raise ValueError(f"{self._label}: build() needs the shape of the input, such as build((None, 784)).")
            self.__dict__["_input"] = InputLayer(batch_shape=(None, *tuple(input_shape)[1:]))
        if not self.built:
            self._connect()

    def _accepts(self, input_shape: Any) -> bool:
        return not self._assumed or input_shape is None or tuple(input_shape)[1:] == self.input_shape[1:]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        (inputs,) = self._arranged(inputs)
        for layer in self._stack:
            inputs = layer(inputs, training=training)
        return inputs

    def _layout(self) -> Layout:
        if self._network is not None and not self._assumed:
            return super()._layout()
        return Layout(Ports(Port("x"), "x"), Ports(Port("y"), "y"))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = tuple(input_shape)
        for layer in self._stack:
            shape = tuple(layer.compute_output_shape(shape))
        return shape

    def get_config(self) -> dict[str, Any]:
        """`name`, `trainable`, `dtype`, `layers` in Keras' serialized form, and `build_input_shape`."""
        entries = self._stack if self._input is None else [self._input, *self._stack]
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": Layer.get_config(self)["dtype"],
            "layers": [layers_module.serialize(layer) for layer in entries],
        }
        if self._input is not None:
            config["build_input_shape"] = self._input.batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Sequential:
        """A new model, with fresh weights, from what `get_config` returned.

        Raises:
            ValueError: a class of a layer is unknown; pass it in `custom_objects`.
        """
        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        entries, made = list(config["layers"]), list[Layer]()
        for entry in entries:
            first = entries.index(entry)
            again = first < len(made) and _is_named(entry)
            made.append(made[first] if again else layers_module.deserialize(entry, custom_objects))
            model._append(made[-1])
        model._connect()
        if not model.built and model._stack and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def _as_input(entry: Any) -> InputLayer | None:
    """The InputLayer that `entry` is or describes; None when it is a layer that computes."""
    if isinstance(entry, KerasTensor):
        return entry.node.layer if isinstance(entry.node.layer, InputLayer) else None
    return entry if isinstance(entry, InputLayer) else None


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("config"), dict) and "name" in entry["config"]


def _known_shape(layer: Layer) -> Shape | None:
    """The shape of the first layer's input: given as `input_shape=`, or the one it was called on in another model."""
    if layer._input_shape_arg is not None:
        return (None, *layer._input_shape_arg)
    if isinstance(layer, Model) and layer._network is not None and isinstance(layer.input, KerasTensor):
        return layer.input_shape
    if layer._inbound_nodes and isinstance(layer.input, KerasTensor):
        return layer.input.shape
    return None


_config.export("keras", Sequential)
