"""The base of layers around a layer."""

from __future__ import annotations

from typing import Any

from ravine import _config
from ravine.layers.layer import Layer


class Wrapper(Layer):
    """A layer that holds another one, `layer`, and builds it with itself. Subclasses override `call`.

    Raises ValueError when `layer` is not a layer.
    """

    def __init__(self, layer: Any, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(f"{self._label}: expected `layer` to be a layer, received {layer!r}.")
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "layer": _config.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        layer = _config.deserialize_keras_object(config["layer"], custom_objects, kind="layer", module="keras.layers")
        return cls(**{**config, "layer": layer})
