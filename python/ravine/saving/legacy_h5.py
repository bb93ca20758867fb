"""The `.h5` files of Keras 2, which Keras 3 still reads and writes: whole models, and weights only.

A group per layer, named after it, holds its weights: trainable ones first, then the others. The attribute
``weight_names`` has their order, ``layer_names`` that of the layers. In a file of a whole model these stand in the
group ``model_weights``, and configurations are attributes of the file.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

from ravine import _config
from ravine.saving import json_config, legacy_config, state
from ravine.saving.errors import UnreadableFileError
from ravine.saving.hdf5 import array, child, storable
from ravine.variable import Variable

_FORMAT = "3.15.1"
_MOST_ATTRIBUTE = 64512  # bytes; HDF5 does not take more in one attribute
_TOP_LEVEL = "top_level_model_weights"


def is_legacy(file: Any) -> bool:
    """Whether an HDF5 file has this layout, rather than that of `.weights.h5`."""
    return "model_weights" in file or "layer_names" in file.attrs or "layer_names0" in file.attrs


# Writing.


def write_model(model: Any, file: Any, include_optimizer: bool = True) -> None:
    """Write a model, its weights, and when it is compiled its training state, into an open h5py.File."""
    entry = _config.serialize_whole(model)
    file.attrs["keras_version"] = _FORMAT
    file.attrs["backend"] = "ravine"
    file.attrs["model_config"] = json_config.text(legacy_config.legacy(entry))
    if include_optimizer and model.compiled:
        file.attrs["training_config"] = json_config.text(legacy_config.legacy_training(entry["compile_config"]))
        group = file.create_group("optimizer_weights")
        optimizer = model.optimizer
        _write_variables(group, optimizer.variables, [f"{optimizer.name}/{v.path}" for v in optimizer.variables])
    _write_layers(model, file.create_group("model_weights"))


def _write_layers(model: Any, group: Any) -> None:
    group.attrs["keras_version"] = _FORMAT
    group.attrs["backend"] = "ravine"
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        variables = _ordered(layer)
        _write_variables(group.create_group(layer.name), variables, [variable.path for variable in variables])
    own = model._own_variables()
    _write_variables(group.create_group(_TOP_LEVEL), own, [variable.path for variable in own])


def _write_variables(group: Any, variables: list[Variable], names: list[str]) -> None:
    names = [name if names.index(name) == index else f"{name}_{index}" for index, name in enumerate(names)]
    _write_names(group, "weight_names", names)
    for variable, name in zip(variables, names, strict=True):
        group.create_dataset(name, data=storable(variable.array))


def _write_names(group: Any, key: str, names: list[str]) -> None:
    encoded = np.asarray([name.encode() for name in names]) if names else np.zeros(0)
    parts = 1 + encoded.nbytes // _MOST_ATTRIBUTE
    if parts == 1:
        group.attrs[key] = encoded
        return
    for number, part in enumerate(np.array_split(encoded, 2 * parts)):
        group.attrs[f"{key}{number}"] = part


# Reading.


def read_model(file: Any, source: Any, compile: bool, room: int) -> Any:
    """The model in an open h5py.File.

    Args:
        source: the file's name, for messages.
        compile: whether to compile it as it was.
        room: how many bytes of weights its configuration may ask for.
    """
    from ravine.saving.files import make_model

    text = _text(file, "model_config")
    if text is None:
        raise UnreadableFileError(f"{str(source)!r} holds weights only. Make the model and call load_weights().")
    model = make_model(legacy_config.modern(json_config.parse(text)), room)
    read_weights(model, file, source)
    training = _text(file, "training_config")
    if compile and training is not None:
        with _config.explained(f"the training configuration of {str(source)!r}"):
            model.compile_from_config(legacy_config.modern_training(json_config.parse(training)))
        _read_optimizer(model, file)
    return model


def _read_optimizer(model: Any, file: Any) -> None:
    group = child(file, "optimizer_weights")
    if group is None:
        return
    optimizer, names = model.optimizer, _names(group, "weight_names")
    if len(names) > len(optimizer.variables):
        optimizer._ensure_built(model.trainable_variables)
    own = optimizer.variables
    values = [_dataset(group, name, state.size_of(model)) for name in names]
    old = bool(names) and _last_parts(names[0])[-1] == "iter"  # before Keras 2.11 the slots had another order
    if old or len(values) > len(own) or [x.shape for x in values] != [x.shape for x in own[: len(values)]]:
        warnings.warn(
            f"The state of the optimizer {optimizer.name!r} was not loaded: the file has that of another kind, "
            f"{len(values)} variables instead of {len(own)}.",
            stacklevel=5,
        )
        return
    for variable, value in zip(own, values, strict=False):
        variable.assign(value)


def read_weights(model: Any, file: Any, source: Any, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Fill a built model.

    Layers that have weights are matched one to one in their order, or with `by_name` by their names.

    Raises:
        ValueError: something does not fit; then nothing has changed.
    """
    group = file if "layer_names" in file.attrs or "layer_names0" in file.attrs else child(file, "model_weights")
    if group is None:
        raise UnreadableFileError(f"{str(source)!r} holds no weights.")
    size = state.size_of(model)
    saved = [(name, _group(group, name)) for name in _names(group, "layer_names")]
    if by_name:
        pairs = [(layer, name, part) for name, part in saved for layer in model.layers if layer.name == name]
    else:
        saved = [(name, part) for name, part in saved if _names(part, "weight_names")]
        layers = [layer for layer in model.layers if layer.weights]
        if len(saved) != len(layers):
            raise ValueError(
                f"{str(source)!r} has weights for {len(saved)} layers, {model._label} has {len(layers)} layers with "
                f"weights. Pass by_name=True to load the layers whose names agree."
            )
        pairs = [(layer, name, part) for layer, (name, part) in zip(layers, saved, strict=True)]
    with state.all_or_nothing(model):
        for layer, name, part in pairs:
            where = f"{layer._label} (in {str(source)!r}: {name!r})"
            _fill(_ordered(layer), part, size, where, skip_mismatch)
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
        top = child(group, _TOP_LEVEL)
        if top is not None and model._own_variables():
            _fill(model._own_variables(), top, size, f"{model._label} (in {str(source)!r}: its own)", skip_mismatch)


def _fill(variables: list[Variable], group: Any, size: int, where: str, skip_mismatch: bool) -> None:
    names = _names(group, "weight_names")
    if len(names) != len(variables):
        _mismatch(f"{where}: expected {len(variables)} weights, the file has {len(names)}.", skip_mismatch)
        return
    for variable, name in zip(_matched(variables, names), names, strict=True):
        values = _dataset(group, name, size)
        if values.shape != variable.shape:
            told = f"expected {variable.name!r} of shape {variable.shape}, the file has shape {values.shape}."
            _mismatch(f"{where}: {told}", skip_mismatch)
            continue
        variable.assign(values)


def _mismatch(message: str, skip: bool) -> None:
    if not skip:
        raise ValueError(f"{message} Pass skip_mismatch=True to leave such layers as they are.")
    warnings.warn(f"{message} Left as it is.", stacklevel=7)


def _ordered(layer: Any) -> list[Variable]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _matched(variables: list[Variable], names: list[str]) -> list[Variable]:
    """The variables in the order of the names. The order in a file depends on which layers were frozen when it was
    written, so names decide where they are clear."""
    by_name = {_last_parts(variable.path): variable for variable in variables}
    wanted = [_last_parts(name) for name in names]
    clear = len(by_name) == len(variables) and set(wanted) == set(by_name)
    return [by_name[name] for name in wanted] if clear else variables


def _last_parts(path: str) -> tuple[str, ...]:
    return tuple(re.sub(r":\d+$", "", path).split("/")[-2:])


# Attributes and datasets.


def _text(file: Any, key: str) -> str | None:
    value = file.attrs.get(key)
    if value is None:
        return None
    value = value.decode() if isinstance(value, bytes) else value
    if not isinstance(value, str):
        raise UnreadableFileError(f"the attribute {key!r} should be text, not {type(value).__name__}.")
    return value


def _names(group: Any, key: str) -> list[str]:
    """A list of names in an attribute, which may be split into numbered ones."""
    keys = [key] if key in group.attrs else []
    while not keys or (keys[0] != key and f"{key}{len(keys)}" in group.attrs):
        if f"{key}{len(keys)}" not in group.attrs:
            return []
        keys.append(f"{key}{len(keys)}")
    names = []
    for part in keys:
        values = np.asarray(group.attrs[part])
        if values.ndim != 1:
            raise UnreadableFileError(f"the attribute {part!r} of {group.name!r} should be a list of names.")
        names += [value.decode() if isinstance(value, bytes) else value for value in values.tolist()]
    if not all(isinstance(name, str) and name for name in names):
        raise UnreadableFileError(f"the attribute {key!r} of {group.name!r} should be a list of names.")
    return names


def _group(group: Any, name: str) -> Any:
    found = child(group, name)
    if found is None or not hasattr(found, "keys"):
        raise UnreadableFileError(f"the file names a layer {name!r} but has no group for it.")
    return found


def _dataset(group: Any, name: str, size: int) -> np.ndarray:
    found = child(group, name)
    if found is None:
        raise UnreadableFileError(f"the file names weights {name!r} in {group.name!r} but does not hold them.")
    return array(found, size)
