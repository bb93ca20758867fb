"""The layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import _absent, _config
from ravine.layers.activation import Activation
from ravine.layers.activity_regularization import ActivityRegularization
from ravine.layers.batch_normalization import BatchNormalization
from ravine.layers.borders import Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from ravine.layers.category_encoding import CategoryEncoding
from ravine.layers.dense import Dense
from ravine.layers.dot import Dot, dot
from ravine.layers.dropout import AlphaDropout, Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from ravine.layers.einsum_dense import EinsumDense
from ravine.layers.elu import ELU, SELU
from ravine.layers.embedding import Embedding
from ravine.layers.flatten import Flatten
from ravine.layers.gaussian_noise import GaussianDropout, GaussianNoise
from ravine.layers.group_normalization import GroupNormalization
from ravine.layers.identity import Identity
from ravine.layers.input_layer import Input, InputLayer
from ravine.layers.input_spec import InputSpec
from ravine.layers.lambda_layer import Lambda
from ravine.layers.layer import Layer
from ravine.layers.layer_normalization import LayerNormalization, RMSNormalization
from ravine.layers.masking import Masking
from ravine.layers.merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from ravine.layers.normalization import Normalization
from ravine.layers.operation import Operation
from ravine.layers.permute import Permute
from ravine.layers.prelu import PReLU
from ravine.layers.relu import LeakyReLU, ReLU, ThresholdedReLU
from ravine.layers.repeat_vector import RepeatVector
from ravine.layers.rescaling import Rescaling
from ravine.layers.reshape import Reshape
from ravine.layers.rrelu import RReLU
from ravine.layers.smooth import GELU, Mish, Swish
from ravine.layers.softmax import Softmax
from ravine.layers.spectral_normalization import SpectralNormalization
from ravine.layers.time_distributed import TimeDistributed
from ravine.layers.unit_normalization import UnitNormalization
from ravine.layers.wrapper import Wrapper

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "CategoryEncoding",
    "Concatenate",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "Mish",
    "Multiply",
    "Normalization",
    "Operation",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RReLU",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "Subtract",
    "Swish",
    "ThresholdedReLU",
    "TimeDistributed",
    "UnitNormalization",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

_config.export(
    "keras.layers",
    EinsumDense,
    Dot,
    ZeroPadding3D,
    ZeroPadding2D,
    ZeroPadding1D,
    Cropping3D,
    Cropping2D,
    Cropping1D,
    Activation,
    ActivityRegularization,
    Add,
    AlphaDropout,
    Average,
    BatchNormalization,
    CategoryEncoding,
    Concatenate,
    Dense,
    Dropout,
    ELU,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GroupNormalization,
    Identity,
    InputLayer,
    Lambda,
    LayerNormalization,
    LeakyReLU,
    Masking,
    Maximum,
    Minimum,
    Multiply,
    Normalization,
    PReLU,
    Permute,
    RMSNormalization,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    SpectralNormalization,
    Subtract,
    TimeDistributed,
    UnitNormalization,
    Wrapper,
)
# These are not in Keras, which therefore cannot load them.
_config.export("ravine.layers", GELU, Mish, RReLU, SELU, Swish, ThresholdedReLU)


def serialize(layer: Any) -> dict:
    """A layer's class and configuration as plain data, without its weights."""
    return _config.serialize_keras_object(layer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The layer that `serialize` described, with new weights. Raises ValueError for unknown classes."""
    layer = _config.deserialize_keras_object(config, custom_objects, kind="layer", module="keras.layers")
    if not isinstance(layer, Layer):
        raise ValueError(f"layers.deserialize: expected the configuration of a layer, received {config!r}.")
    return layer


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
