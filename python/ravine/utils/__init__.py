"""Helpers around training: seeds, labels, progress bars, plots."""

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
from ravine.utils.numerical import to_categorical
from ravine.utils.plot_history import plot_history
from ravine.utils.progbar import Progbar
from ravine.utils.session import clear_session, set_random_seed

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "plot_history",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
]
