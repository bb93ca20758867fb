"""Helpers around training: seeds, labels, progress bars, plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from ravine.utils.progbar import Progbar
from ravine.utils.py_dataset import PyDataset, Sequence
from ravine.utils.session import clear_session, set_random_seed

if TYPE_CHECKING:
    from ravine.plots import model_to_dot, plot_history, plot_model

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "model_to_dot",
    "plot_history",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
]


def __getattr__(name: str) -> Any:
    if name in ("model_to_dot", "plot_history", "plot_model"):
        from ravine import plots  # most programs draw nothing

        return getattr(plots, name)
    raise AttributeError(f"module 'ravine.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
