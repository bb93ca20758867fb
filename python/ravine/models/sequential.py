"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ravine.layers.layer import Layer
from ravine.models.model import Model, _is_input
from ravine.ops.trace import SymbolicTensor, Trace
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

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self._given_shape: Shape | None = None
        self._built_shape: Shape | None = None
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
        shape = _declared_shape(layer)
        if shape is not None:
            if self._stack or self._given_shape is not None:
                raise ValueError(f"{self._where}: an Input must be the first entry, and there can be only one.")
            self._given_shape = shape
        else:
            self._append(layer)
        if rebuild:
            self._rebuild()

    def _append(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            hint = " Create an instance of it." if isinstance(layer, type) else ""
            raise TypeError(
                f"{self._where}: expected a layer, received {layer!r} of type {type(layer).__name__}.{hint}"
            )
        for other in self._stack:
            if other is layer:
                raise ValueError(f"{self._where}: layer {layer.name!r} is already part of it.")
            if other.name == layer.name:
                raise ValueError(f"{self._where}: all layers need different names, but two are called {layer.name!r}.")
        if not self._stack and self._given_shape is None:
            self._given_shape = _shape_argument(layer)
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it."""
        if not self._stack:
            raise ValueError(f"{self._where}: there is no layer to remove.")
        layer = self._stack.pop()
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        self._forget_programs()
        shape = self._given_shape or self._built_shape
        self.built = False
        if self._stack and shape is not None:
            self.build(shape)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of shape `(None, ...)`."""
        shape = self._given_shape if input_shape is None else tuple(input_shape)
        if self.built or shape is None:
            return
        if not self._stack:
            raise ValueError(f"{self._where}: add a layer before building it.")
        self._built_shape = (None, *shape[1:])
        with Trace() as trace:
            self._run(trace.input("x", self._built_shape), training=False, record=True)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        self._check_input(tuple(inputs.shape))
        return self._run(inputs, training)

    def _run(self, x: Any, training: bool | None, record: bool = False) -> Any:
        for layer in self._stack:
            x = layer(x, training=training) if _takes_training(layer) else layer(x)
            if record and isinstance(x, SymbolicTensor):
                layer._output_shape = x.shape
        return x

    def _check_input(self, shape: Shape) -> None:
        expected = self._given_shape
        if expected is None:
            return
        fits = len(shape) == len(expected) and all(
            want is None or got is None or want == got for want, got in zip(expected[1:], shape[1:], strict=True)
        )
        if not fits:
            received = (None, *shape[1:])
            raise ValueError(f"{self._where}: expected input of shape {expected}, received shape {received}.")

    @property
    def input_shape(self) -> Shape:
        if self._built_shape is None:
            raise AttributeError(f"{self._where} is not built, so it has no input shape yet.")
        return self._built_shape

    @property
    def output_shape(self) -> Shape:
        if not self.built or not self._stack:
            raise AttributeError(f"{self._where} is not built, so it has no output shape yet.")
        return self._stack[-1]._output_shape

    @property
    def inputs(self) -> list[KerasTensor] | None:
        return None if self._built_shape is None else [KerasTensor(self._built_shape)]

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
        layers = [_serialize(layer) for layer in self._stack]
        if self._given_shape is not None:
            config = {"batch_shape": self._given_shape, "dtype": "float32", "sparse": False, "ragged": False,
                      "name": "input_layer", "optional": False}  # fmt: skip
            layers.insert(0, _entry("InputLayer", config, None))
        config = {"name": self.name, "trainable": self.trainable, "dtype": "float32", "layers": layers}
        if self._built_shape is not None:
            config["build_input_shape"] = self._built_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Sequential:
        """A new model, with fresh weights, from what `get_config` returned."""
        from ravine import layers as layers_module

        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for entry in config["layers"]:
            if entry["class_name"] == "InputLayer":
                shape = entry["config"].get("batch_shape") or entry["config"].get("batch_input_shape")
                model._given_shape = (None, *tuple(shape)[1:])
                continue
            known = {**vars(layers_module), "Sequential": Sequential, **(custom_objects or {})}
            layer_class = known.get(entry["class_name"])
            if layer_class is None:
                raise ValueError(f"Unknown layer class {entry['class_name']!r}; pass it in custom_objects.")
            model.add(layer_class.from_config(entry["config"]), rebuild=False)
        model._rebuild()
        if not model.built and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def _declared_shape(layer: Any) -> Shape | None:
    """The batch shape when `layer` is an input and not a layer that computes."""
    if isinstance(layer, KerasTensor):
        return tuple(layer.shape)
    if isinstance(layer, Layer) and _is_input(layer):
        return tuple(layer.batch_shape)
    return None


def _shape_argument(layer: Layer) -> Shape | None:
    """The shape given as `input_shape=` to the first layer, or that of a model that is built already."""
    declared = getattr(layer, "_declared_input_shape", None)
    if declared is not None:
        return tuple(declared)
    if isinstance(layer, Sequential):
        return layer._built_shape
    return None


def _takes_training(layer: Layer) -> bool:
    return getattr(layer, "_call_has_training_arg", True)


def _serialize(layer: Layer) -> dict[str, Any]:
    shape = getattr(layer, "_build_input_shape", None)
    return _entry(type(layer).__name__, layer.get_config(), {"input_shape": shape} if shape is not None else None)


def _entry(class_name: str, config: dict[str, Any], build_config: dict[str, Any] | None) -> dict[str, Any]:
    module = "keras" if class_name in ("Sequential", "Functional") else "keras.layers"
    entry = {"module": module, "class_name": class_name, "config": config, "registered_name": None}
    return entry if build_config is None else {**entry, "build_config": build_config}
