"""Files that models are written to, and the registration of classes that files may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import _absent
from ravine._config import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from ravine._core import NativeModel
from ravine.saving.files import load_model, load_weights, save_model, save_weights
from ravine.saving.native import export_model

__all__ = [
    "CustomObjectScope",
    "NativeModel",
    "custom_object_scope",
    "deserialize_keras_object",
    "export_model",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "model_from_json",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """A model, with fresh weights, from the text of `Model.to_json`, of ravine or of Keras 2 and 3.

    Raises:
        ValueError: the text is not JSON, or names unknown classes.
    """
    from ravine.saving import json_config, legacy_config

    config = legacy_config.modern(json_config.parse(json_string))
    return deserialize_keras_object(config, custom_objects, kind="model", module="keras")


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
