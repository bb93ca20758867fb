"""Helpers around training: seeds, labels, progress bars, plots."""

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
from ravine.config import disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled
from ravine.tensor import standardize_dtype
from ravine.utils.batches import pack_x_y_sample_weight, pad_sequences, split_dataset, unpack_x_y_sample_weight
from ravine.utils.numerical import normalize, to_categorical
from ravine.utils.progbar import Progbar
from ravine.utils.py_dataset import PyDataset, Sequence
from ravine.utils.session import clear_session, set_random_seed
from ravine.utils.tensors import get_source_inputs, is_keras_tensor

if TYPE_CHECKING:
    from ravine.plots import model_to_dot, plot_history, plot_model
    from ravine.utils.downloads import get_file

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_history",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __getattr__(name: str) -> Any:
    if name in ("model_to_dot", "plot_history", "plot_model"):
        from ravine import plots  # most programs draw nothing

        return getattr(plots, name)
    if name == "get_file":
        from ravine.utils.downloads import get_file

        return get_file
    raise _absent.error(__name__, name, __all__)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
