"""The metrics, as classes and as functions."""

from __future__ import annotations

from typing import Any

from ravine import _config, _lookup
from ravine._names import to_snake_case
from ravine.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from ravine.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from ravine.metrics.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from ravine.metrics.metric import Metric
from ravine.metrics.reduction import Mean, MeanMetricWrapper, Sum
from ravine.metrics.regression import MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError
from ravine.metrics.resolve import resolve

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "Sum",
    "accuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "deserialize",
    "functions",
    "get",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "to_snake_case",
]

_classes = (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    Sum,
)
_config.export("keras.metrics", Metric, MeanMetricWrapper, *_classes)

functions = {
    function.__name__: function
    for function in (
        accuracy,
        binary_accuracy,
        binary_crossentropy,
        categorical_accuracy,
        categorical_crossentropy,
        huber,
        mean_absolute_error,
        mean_squared_error,
        sparse_categorical_accuracy,
        sparse_categorical_crossentropy,
    )
}
_named = {
    **{name: cls for cls in _classes for name in (cls.__name__, to_snake_case(cls.__name__))},
    "huber": huber,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "rmse": RootMeanSquaredError,
}


def get(identifier: Any) -> Any:
    """A metric from a name, a configuration, a class, an instance or a callable; None stays None.

    Raises ValueError for an unknown name. ``accuracy`` here is `Accuracy`, equality of values; `resolve` chooses by
    shapes, as `Model.compile` does.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        custom = _config.get_registered_object(identifier)
        identifier = custom if custom is not None else _lookup.find(identifier, _named, "metric")
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise _lookup.not_an_identifier(identifier, "metric")


def serialize(metric: Any) -> Any:
    return _config.serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    if isinstance(config, str):
        return get(config)
    return _config.deserialize_keras_object(config, custom_objects, kind="metric", module="keras.metrics")
