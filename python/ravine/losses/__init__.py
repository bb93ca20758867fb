"""The losses, as classes and as functions."""

from __future__ import annotations

from typing import Any

from ravine import _config, _lookup
from ravine._names import to_snake_case
from ravine.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from ravine.losses.loss import Loss, LossFunctionWrapper
from ravine.losses.regression import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    huber,
    mean_absolute_error,
    mean_squared_error,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "functions",
    "get",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
    "to_snake_case",
]

_classes = (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
_config.export("keras.losses", Loss, LossFunctionWrapper, *_classes)

functions = {
    to_snake_case(cls.__name__): function
    for cls, function in zip(
        _classes,
        (
            binary_crossentropy,
            categorical_crossentropy,
            huber,
            mean_absolute_error,
            mean_squared_error,
            sparse_categorical_crossentropy,
        ),
        strict=True,
    )
}
_named = {
    **functions,
    **{cls.__name__: cls for cls in _classes},
    "mse": mean_squared_error,
    "MSE": mean_squared_error,
    "mae": mean_absolute_error,
    "MAE": mean_absolute_error,
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
}


def get(identifier: Any) -> Any:
    """A loss from a name, a configuration, a class, an instance or a callable; None stays None.

    Names in snake case give functions, class names give instances. Raises ValueError for an unknown name.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        custom = _config.get_registered_object(identifier)
        identifier = custom if custom is not None else _lookup.find(identifier, _named, "loss")
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise _lookup.not_an_identifier(identifier, "loss")


def serialize(loss: Any) -> Any:
    """A loss's configuration; for one of ravine's functions its name."""
    name = getattr(loss, "__name__", None)
    if name is not None and functions.get(name) is loss:
        return name
    return _config.serialize_keras_object(loss)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    if isinstance(config, str):
        return get(config)
    return _config.deserialize_keras_object(config, custom_objects, kind="loss", module="keras.losses")
