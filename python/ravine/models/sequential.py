"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ravine import _config
from ravine import layers as layers_module
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.models.model import Model
from ravine.ops.trace import Trace
from ravine.tensor import KerasTensor

Shape = tuple[int | None, ...]


class Sequential(Model):
    """A plain stack of layers.

    Args:
        layers: in order. With an `Input` or `InputLayer` in front (or `input_shape=` of the first layer) the weights
            exist at once; otherwise they are created from the first data or by `build(input_shape)`.
        trainable: False freezes all layers.
        name: default `sequential`, `sequential_1`, ...

    Raises:
        ValueError: a layer is in it twice, or two layers have the same name.
        TypeError: something that is not a layer.
    """

    _input: InputLayer | None
    _layer_shapes: list[Shape]

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self.__dict__["_input"] = None
        self.__dict__["_layer_shapes"] = []
        if layers is not None:
            if isinstance(layers, Layer) or not isinstance(layers, Iterable):
                layers = [layers]
            for layer in layers:
                self.add(layer, rebuild=False)
            self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        return list(self._stack)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer (or, first of all, an `Input`)."""
        declared = _as_input(layer)
        if declared is None:
            self._append(layer)
        elif self._stack or self._input is not None:
            raise ValueError(f"{self._label}: an Input must be the first entry, and there can be only one.")
        else:
            self.__dict__["_input"] = declared
        if rebuild:
            self._rebuild()

    def _append(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = " Create an instance of it." if isinstance(layer, type) else ""
            raise TypeError(
                f"{self._label}: expected a layer, received {layer!r} of type {type(layer).__name__}.{hint}"
            )
        for other in self._stack:
            if other is layer:
                raise ValueError(f"{self._label}: layer {layer.name!r} is already part of it.")
            if other.name == layer.name:
                raise ValueError(f"{self._label}: all layers need different names, but two are called {layer.name!r}.")
        if not self._stack and self._input is None:
            shape = _shape_argument(layer)
            self.__dict__["_input"] = None if shape is None else InputLayer(batch_shape=shape)
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it."""
        if not self._stack:
            raise ValueError(f"{self._label}: there is no layer to remove.")
        layer = self._stack.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._forget_programs()
        self.__dict__["built"] = False
        if self._stack and self._input is not None:
            self.build(self._input.batch_shape)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of shape `(None, ...)`.

        Raises:
            ValueError: there are no layers, or no shape is given and none is known.
        """
        if not self._stack:
            raise ValueError(f"{self._label}: add a layer before building it.")
        if self._input is None:
            if input_shape is None:
                raise ValueError(f"{self._label}: build() needs the shape of the input, such as build((None, 784)).")
            self.__dict__["_input"] = InputLayer(batch_shape=(None, *tuple(input_shape)[1:]))
        shapes = []
        with Trace() as trace:
            x: Any = trace.input("x", (None, *self.input_shape[1:]))
            for layer in self._stack:
                x = layer(x, training=False)
                shapes.append(tuple(x.shape))
        self.__dict__["_layer_shapes"] = shapes

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        self._check_shape(tuple(inputs.shape))
        for layer in self._stack:
            inputs = layer(inputs, training=training)
        return inputs

    def _check_shape(self, shape: Shape) -> None:
        expected = self.input_shape
        fits = len(shape) == len(expected) and all(
            want is None or got is None or want == got for want, got in zip(expected[1:], shape[1:], strict=True)
        )
        if not fits:
            received = (None, *shape[1:])
            hint = " Is the batch axis missing? x[None] adds it." if len(shape) == len(expected) - 1 else ""
            raise ValueError(f"{self._label}: expected input of shape {expected}, received shape {received}.{hint}")

    @property
    def input_shape(self) -> Shape:
        if self._input is None:
            raise AttributeError(f"{self._label} is not built, so it has no input shape yet.")
        return self._input.batch_shape

    @property
    def output_shape(self) -> Shape:
        if not self.built or not self._stack:
            raise AttributeError(f"{self._label} is not built, so it has no output shape yet.")
        return self._layer_shapes[-1]

    def _output_shapes(self) -> list[Shape | None]:
        known = self._layer_shapes[: len(self._stack)]
        return [*known, *[None] * (len(self._stack) - len(known))]

    @property
    def inputs(self) -> list[KerasTensor] | None:
        return None if self._input is None else [KerasTensor(self.input_shape, "float32", self._input.name)]

    @property
    def outputs(self) -> list[KerasTensor] | None:
        return [KerasTensor(self.output_shape)] if self.built and self._stack else None

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
        for entry in config["layers"]:
            model.add(layers_module.deserialize(entry, custom_objects), rebuild=False)
        model._rebuild()
        if not model.built and model._stack and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def _as_input(entry: Any) -> InputLayer | None:
    """The InputLayer that `entry` is or describes; None when it is a layer that computes."""
    if isinstance(entry, KerasTensor):
        return InputLayer(batch_shape=entry.shape, dtype=entry.dtype, name=entry.name)
    return entry if isinstance(entry, InputLayer) else None


def _shape_argument(layer: Layer) -> Shape | None:
    """The shape given as `input_shape=` to the first layer, or that of a model that is built already."""
    if layer._input_shape_arg is not None:
        return (None, *layer._input_shape_arg)
    if isinstance(layer, Sequential) and layer._input is not None:
        return layer.input_shape
    return None


_config.export("keras", Sequential)
