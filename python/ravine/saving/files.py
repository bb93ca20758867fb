"""Saving and loading: which kind of file a name or its content stands for."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ravine import _config
from ravine.saving import atomic, state
from ravine.saving.errors import MissingFileError, UnreadableFileError, reading, require_h5py
from ravine.saving.hdf5 import WeightsFile
from ravine.variable import at_most

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_BUILDING_SLACK = 64 * 2**20


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model to a file: its configuration, its weights, and when it is compiled what `compile` was given and the
    state of the optimizer, so that training goes on where it stopped.

    The file appears under its name only when it is complete; a crash leaves the old one.

    Args:
        filepath: ends in `.keras`; or a binary file open for writing.
        overwrite: False asks at a terminal before a file is replaced, and raises elsewhere.

    Raises:
        ValueError: another suffix.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    kwargs.pop("save_format", None)
    include_optimizer = kwargs.pop("include_optimizer", True)
    _refuse_arguments("save", kwargs)
    if not model.built:
        warnings.warn(f"{model._label} is saved before it is built, so the file holds no weights.", stacklevel=3)
    if isinstance(filepath, io.IOBase):
        _write_archive(model, filepath, include_optimizer)
        return
    path = os.fspath(filepath)
    if not path.endswith(".keras"):
        raise ValueError(_suffixes("save", path))
    if atomic.may_write(path, overwrite):
        with atomic.replacing(path) as file:
            _write_archive(model, file, include_optimizer)


def _write_archive(model: Any, file: Any, include_optimizer: bool) -> None:
    from ravine.saving import archive

    with _config.sharing():
        config = _config.serialize_keras_object(model)
    archive.write(file, config, lambda weights: state.save_state(model, weights))


def load_model(filepath: Any, custom_objects: dict | None = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """The model in a file that `save_model` or Keras wrote.

    The kind of file is seen from its content. Files are not trusted: nothing in them is run or imported, nothing
    outside of them is read, and what does not fit gives a ValueError that says where.

    Args:
        custom_objects: classes and functions by name that the file uses and that are not registered.
        compile: whether to compile the model as it was, with the state of its optimizer.
        safe_mode: False runs the code of lambdas that the file brings. Only for files you wrote yourself.

    Raises:
        ValueError: the file is damaged, of another kind, or names unknown classes.
        FileNotFoundError: there is no such file (it is a ValueError too).
    """
    from ravine.saving import archive

    with _source(filepath) as file, reading(filepath):
        if _kind(file, filepath) != "zip":
            raise UnreadableFileError(_suffixes("load", str(filepath)))
        with archive.opened(file) as opened:
            config = opened.config()
            if not compile:
                config.pop("compile_config", None)
            room = 2 * opened.size(archive.WEIGHTS) + _BUILDING_SLACK
            with _config.sharing(), at_most(room, "The file is too small for the weights of its configuration."):
                model = _config.deserialize_keras_object(
                    config, custom_objects, safe_mode, kind="model", module="keras"
                )
            _check_model(model)
            with archive.weights(opened, _bytes(model)) as weights:
                state.load_state(model, weights, filepath)
    return model


def _check_model(model: Any) -> None:
    from ravine.models import Model

    if not isinstance(model, Model):
        raise UnreadableFileError(f"the file describes a {type(model).__name__}, which is not a model.")


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any) -> None:
    """Write the weights of a built model, and the state of its optimizer, to a file that ends in `.weights.h5`.

    The file appears under its name only when it is complete; a crash leaves the old one.

    Raises:
        ValueError: another suffix, or the model is not built.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    _refuse_arguments("save_weights", kwargs)
    path = os.fspath(filepath)
    if max_shard_size is not None:
        raise ValueError("save_weights: max_shard_size is not supported; one file holds all weights.")
    if not path.endswith(".weights.h5"):
        raise ValueError(f"save_weights: the name must end in `.weights.h5`, received {path!r}.")
    _require_built(model, "save_weights")
    h5py = require_h5py()
    if atomic.may_write(path, overwrite):
        with atomic.replacing(path) as file, h5py.File(file, "w") as opened:
            state.save_state(model, WeightsFile(opened))


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Fill a built model with the weights of a `.keras` or `.weights.h5` file, of ravine or of Keras.

    Layers are matched by their place in the model, not by their names.

    Args:
        skip_mismatch: leave layers as they are whose weights do not fit, with a warning.

    Raises:
        ValueError: something does not fit, and then nothing has changed; the file is damaged or of another kind.
        FileNotFoundError: there is no such file (it is a ValueError too).
    """
    _refuse_arguments("load_weights", kwargs)
    from ravine.saving import archive

    _require_built(model, "load_weights")
    with _source(filepath) as file, reading(filepath):
        kind = _kind(file, filepath)
        if kind == "zip":
            with archive.opened(file) as opened, archive.weights(opened, _bytes(model)) as weights:
                state.load_state(model, weights, filepath, skip_mismatch)
        elif kind == "hdf5":
            with require_h5py().File(file, "r") as opened:
                state.load_state(model, WeightsFile(opened, _bytes(model)), filepath, skip_mismatch)
        else:
            raise UnreadableFileError(_suffixes("load", str(filepath)))


@contextmanager
def _source(filepath: Any) -> Iterator[Any]:
    if isinstance(filepath, io.IOBase):
        yield filepath
        return
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise MissingFileError(2, f"There is no file {path!r}.")
    with open(path, "rb") as file:
        yield file


def _kind(file: Any, filepath: Any) -> str:
    """What a file is, by its first bytes."""
    start = file.read(8)
    file.seek(0)
    if start.startswith(_ZIP):
        return "zip"
    if start == _HDF5:
        return "hdf5"
    if not start:
        raise UnreadableFileError(f"{str(filepath)!r} is empty.")
    return "unknown"


def _bytes(model: Any) -> int:
    return sum(variable.array.nbytes for variable in state.all_variables(model))


def _require_built(model: Any, method: str) -> None:
    if not model.built:
        raise ValueError(
            f"{model._label}: {method}() needs a built model. Give it an Input, call it on data, or use build(shape)."
        )


def _refuse_arguments(method: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError(f"{method}: argument(s) not recognized: {kwargs}.")


def _suffixes(action: str, path: str) -> str:
    return (
        f"{action}: {path!r} is not a kind of file that holds models. Use `.keras` for a whole model and `.weights.h5` "
        "for weights only; a SavedModel of TensorFlow is not supported."
    )
