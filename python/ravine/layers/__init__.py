"""The layers."""

from __future__ import annotations

from typing import Any

from ravine import _config
from ravine.layers.activation import Activation
from ravine.layers.batch_normalization import BatchNormalization
from ravine.layers.dense import Dense
from ravine.layers.dropout import Dropout
from ravine.layers.elu import ELU
from ravine.layers.flatten import Flatten
from ravine.layers.input_layer import Input, InputLayer
from ravine.layers.input_spec import InputSpec
from ravine.layers.layer import Layer
from ravine.layers.operation import Operation
from ravine.layers.prelu import PReLU
from ravine.layers.relu import LeakyReLU, ReLU
from ravine.layers.rescaling import Rescaling
from ravine.layers.reshape import Reshape
from ravine.layers.softmax import Softmax

__all__ = [
    "ELU",
    "Activation",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "LeakyReLU",
    "Operation",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Softmax",
    "deserialize",
    "serialize",
]

_config.export(
    "keras.layers",
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    ELU,
    Flatten,
    InputLayer,
    LeakyReLU,
    PReLU,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
)


def serialize(layer: Any) -> dict:
    """A layer's class and configuration as plain data, without its weights."""
    return _config.serialize_keras_object(layer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The layer that `serialize` described, with new weights. Raises ValueError for unknown classes."""
    layer = _config.deserialize_keras_object(config, custom_objects, kind="layer", module="keras.layers")
    if not isinstance(layer, Layer):
        raise ValueError(f"layers.deserialize: expected the configuration of a layer, received {config!r}.")
    return layer
