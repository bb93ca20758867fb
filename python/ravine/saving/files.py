"""Saving and loading: which kind of file a name or its content stands for."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ravine import _config
from ravine.saving import atomic, hdf5, state
from ravine.saving.errors import MissingFileError, UnreadableFileError, reading
from ravine.variable import at_most

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_LEGACY = (".h5", ".hdf5")
_BUILDING_SLACK = 64 * 2**20  # bytes of weights that any file may ask for


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model to a file: its configuration, its weights, and when it is compiled what `compile` was given and the
    state of the optimizer, so that training goes on where it stopped.

    The file appears under its name only when it is complete; a crash leaves the old one.

    Args:
        filepath: ends in `.keras`, or in `.h5` or `.hdf5` for the format of Keras 2; or a binary file open for writing,
            which gets the `.keras` form.
        overwrite: False asks at a terminal before a file is replaced, and raises elsewhere.
        include_optimizer: for `.h5`, whether to write the training state.

    Raises:
        ValueError: another suffix.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    kwargs.pop("save_format", None)
    include_optimizer = kwargs.pop("include_optimizer", True)
    _refuse_arguments("save", kwargs)
    if zipped is False:
        raise ValueError("save: zipped=False is not supported; a `.keras` file is one archive.")
    if not model.built:
        warnings.warn(f"{model._label} is saved before it is built, so the file holds no weights.", stacklevel=3)
    if isinstance(filepath, io.IOBase):
        _write_archive(model, filepath)
        return
    path = os.fspath(filepath)
    if not path.endswith((".keras", *_LEGACY)):
        raise ValueError(_unknown("save", path))
    if not atomic.may_write(path, overwrite):
        return
    with atomic.replacing(path) as file:
        if path.endswith(".keras"):
            _write_archive(model, file)
        else:
            from ravine.saving import legacy_h5

            with hdf5.writing(file) as opened:
                legacy_h5.write_model(model, opened, include_optimizer)


def _write_archive(model: Any, file: Any) -> None:
    from ravine.saving import archive

    config = _config.serialize_whole(model)
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
    scopes = _config.CustomObjectScope(custom_objects), _config.safe_mode_scope(safe_mode), _config.sharing()
    with _source(filepath) as file, reading(filepath), scopes[0], scopes[1], scopes[2]:
        kind = _kind(file)
        if kind == "zip":
            return _read_archive(file, filepath, compile)
        if kind == "hdf5":
            from ravine.saving import legacy_h5

            room = 2 * file.seek(0, io.SEEK_END) + _BUILDING_SLACK
            with hdf5.reading(file) as opened:
                return legacy_h5.read_model(opened, filepath, compile, room)
        raise UnreadableFileError(_unknown("load", str(filepath)))


def _read_archive(file: Any, filepath: Any, compile: bool) -> Any:
    from ravine.saving import archive, legacy_config

    with archive.opened(file) as opened:
        config = legacy_config.modern(opened.config())
        if not compile:
            config.pop("compile_config", None)
        room = 2 * opened.size(archive.WEIGHTS) + _BUILDING_SLACK
        model = make_model(config, room)
        with archive.weights(opened, state.size_of(model)) as weights:
            state.load_state(model, weights, filepath)
    return model


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None, **kwargs: Any) -> None:
    """Write the weights of a built model, and the state of its optimizer, to a file.

    The file appears under its name only when it is complete; a crash leaves the old one.

    Args:
        filepath: ends in `.weights.h5`, or in `.safetensors`.

    Raises:
        ValueError: another suffix, or the model is not built.
        FileExistsError: the file exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    _refuse_arguments("save_weights", kwargs)
    path = os.fspath(filepath)
    if max_shard_size is not None:
        raise ValueError("save_weights: max_shard_size is not supported; one file holds all weights.")
    if not path.endswith((".weights.h5", ".safetensors")):
        raise ValueError(
            f"save_weights: {path!r} is not a name for weights. Use `.weights.h5` or `.safetensors`; `.keras` is for "
            "save(), which writes the whole model."
        )
    _require_built(model, "save_weights")
    if not atomic.may_write(path, overwrite):
        return
    with atomic.replacing(path) as file:
        if path.endswith(".h5"):
            with hdf5.writing(file) as opened:
                state.save_state(model, hdf5.WeightsFile(opened))
        else:
            from ravine.saving.tensors import TensorsFile

            tensors = TensorsFile()
            state.save_state(model, tensors)
            file.write(tensors.content())


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Fill a built model with the weights of a file: `.keras`, `.weights.h5`, `.safetensors`, or the `.h5` of Keras 2,
    with the whole model or weights only.

    Layers are matched by their place in the model, not by their names.

    Args:
        skip_mismatch: leave layers as they are whose weights do not fit, with a warning.
        by_name: for the `.h5` of Keras 2, match layers by their names; those without a namesake stay as they are.
        objects_to_skip: layers that are left as they are; not for the `.h5` of Keras 2.

    Raises:
        ValueError: something does not fit, and then nothing has changed; the file is damaged or of another kind.
        FileNotFoundError: there is no such file (it is a ValueError too).
    """
    by_name, skipped = kwargs.pop("by_name", None), kwargs.pop("objects_to_skip", None)
    _refuse_arguments("load_weights", kwargs)
    _require_built(model, "load_weights")
    with _source(filepath) as file, reading(filepath), _weights(file, filepath, state.size_of(model)) as weights:
        if isinstance(weights, state.StateFile):
            if by_name:
                raise ValueError("load_weights: by_name works with the `.h5` files of Keras 2 only.")
            state.load_state(model, weights, filepath, skip_mismatch, skipped)
        else:
            from ravine.saving import legacy_h5

            if skipped:
                raise ValueError("load_weights: objects_to_skip does not work with the `.h5` files of Keras 2.")
            legacy_h5.read_weights(model, weights, filepath, skip_mismatch, bool(by_name))


@contextmanager
def _weights(file: Any, filepath: Any, most_bytes: int) -> Iterator[Any]:
    """The weights in a file: a StateFile, or an h5py.File of the layout of Keras 2."""
    kind = _kind(file)
    if kind == "zip":
        from ravine.saving import archive

        with archive.opened(file) as opened, archive.weights(opened, most_bytes) as weights:
            yield weights
    elif kind == "hdf5":
        from ravine.saving import legacy_h5

        with hdf5.reading(file) as opened:
            yield opened if legacy_h5.is_legacy(opened) else hdf5.WeightsFile(opened, most_bytes)
    elif kind == "safetensors":
        from ravine.saving.tensors import TensorsFile

        yield TensorsFile(file.read())
    else:
        raise UnreadableFileError(_unknown("load", str(filepath)))


@contextmanager
def _source(filepath: Any) -> Iterator[Any]:
    if isinstance(filepath, io.IOBase):
        yield filepath
        return
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise MissingFileError(2, f"There is no file {path!r}.")
    if os.path.isdir(path):
        raise IsADirectoryError(f"{path!r} is a folder, not a file. SavedModel folders are not supported.")
    with open(path, "rb") as file:
        yield file


def _kind(file: Any) -> str:
    """What a file is, by its first bytes."""
    start = file.read(9)
    file.seek(0)
    if start.startswith(_ZIP):
        return "zip"
    if start.startswith(_HDF5):
        return "hdf5"
    if not start:
        raise UnreadableFileError("the file is empty.")
    return "safetensors" if start[8:] == b"{" else "unknown"


def make_model(config: dict, room: int) -> Any:
    """The model of a configuration that comes from a file with room for so many bytes of weights."""
    with at_most(room, "The file is too small for the weights of its configuration."):
        model = _config.deserialize_keras_object(config, kind="model", module="keras")
    if not isinstance(model, sys.modules["ravine.models"].Model):
        raise UnreadableFileError(f"it describes a {type(model).__name__}, which is not a model.")
    return model


def _require_built(model: Any, method: str) -> None:
    if not model.built:
        raise ValueError(
            f"{model._label}: {method}() needs a built model. Give it an Input, call it on data, or use build(shape)."
        )


def _refuse_arguments(method: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError(f"{method}: argument(s) not recognized: {kwargs}.")


def _unknown(action: str, path: str) -> str:
    return (
        f"{action}: {path!r} is not a kind of file that models are kept in. Whole models go to `.keras` (or `.h5`, as "
        "in Keras 2), weights alone to `.weights.h5` or `.safetensors`. SavedModel folders are not supported."
    )
