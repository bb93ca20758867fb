"""HDF5 files, read without trust: only numbers that lie in the file itself, and not more than fit the model."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine.saving.errors import UnreadableFileError, require_h5py
from ravine.saving.state import StateFile

_SLACK = 64 * 2**20  # what a dataset may always hold, in bytes


@contextmanager
def reading(file: Any) -> Iterator[Any]:
    """The h5py.File in a file that is open for reading."""
    with require_h5py().File(file, "r") as opened:
        yield opened


@contextmanager
def writing(file: Any) -> Iterator[Any]:
    """An h5py.File whose content goes to `file` when the block ends."""
    content = io.BytesIO()
    with require_h5py().File(content, "w") as opened:
        yield opened
    file.write(content.getbuffer())


def child(group: Any, path: str) -> Any:
    """The group or dataset at `path` below `group`, or None. Follows no soft and no external link.

    Raises:
        UnreadableFileError: there is such a link, or a part of the path is not a group.
    """
    import h5py

    item = group
    for name in path.split("/"):
        if not isinstance(item, h5py.Group):
            raise UnreadableFileError(f"{item.name!r} in the file is expected to be a group.")
        link = item.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise UnreadableFileError(f"{path!r} in the file is a {type(link).__name__}; links are not followed.")
        item = item[name]
    return item


def array(dataset: Any, most_bytes: int) -> np.ndarray:
    """The values of a dataset.

    Args:
        most_bytes: the size of all that is to be filled; a dataset that claims to hold more is not read.

    Raises:
        UnreadableFileError: values that are not numbers, that lie in other files, or that are too many.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise UnreadableFileError(f"{dataset.name!r} in the file is expected to hold numbers, but is a group.")
    if dataset.is_virtual or dataset.external:
        raise UnreadableFileError(f"{dataset.name!r} in the file refers to other files, which are not read.")
    shape, dtype = dataset.shape, dataset.dtype
    packed = dtype.kind == "V" and dtype.itemsize == 2 and dataset.attrs.get("dtype") == "bfloat16"
    if shape is None or not (dtype.kind in "biuf" or packed):
        raise UnreadableFileError(f"{dataset.name!r} in the file is expected to hold numbers; its dtype is {dtype}.")
    size = math.prod(shape) * dtype.itemsize
    if size > most_bytes + _SLACK:
        raise UnreadableFileError(
            f"{dataset.name!r} in the file claims the shape {shape}, which is more than the whole model holds."
        )
    values = np.asarray(dataset[()])
    return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32) if packed else values


def storable(values: Any) -> np.ndarray:
    """Values as Keras keeps them: whole numbers in 32 bits where they fit."""
    values = np.asarray(values)
    if values.dtype == np.int64 and values.size and abs(values).max() < 2**31:
        return values.astype(np.int32)
    return values


class ReadStore(Mapping):
    """What `load_own_variables` gets: arrays by name, read when they are asked for."""

    def __init__(self, group: Any, most_bytes: int):
        if group is not None and not hasattr(group, "keys"):
            raise UnreadableFileError(f"{group.name!r} in the file is expected to be a group.")
        self._group = group
        self._most_bytes = most_bytes

    def __getitem__(self, key: str) -> np.ndarray:
        found = None if self._group is None else child(self._group, key)
        if found is None:
            raise KeyError(key)
        return array(found, self._most_bytes)

    def __iter__(self) -> Iterator[str]:
        return iter(() if self._group is None else self._group)

    def __len__(self) -> int:
        return 0 if self._group is None else len(self._group)


class WriteStore(dict):
    """What `save_own_variables` gets: whatever is put into it goes to the file at once."""

    def __init__(self, group: Any):
        super().__init__()
        self._group = group

    def __setitem__(self, key: str, value: Any) -> None:
        self._group.create_dataset(key, data=storable(value.numpy() if hasattr(value, "numpy") else value))
        super().__setitem__(key, None)


class WeightsFile(StateFile):
    """The layout of `.weights.h5`: the variables of each object, and its name, in the group ``<path>/vars``.

    Args:
        file: an open h5py.File.
        most_bytes: for reading, the size of the model.
    """

    def __init__(self, file: Any, most_bytes: int = 0):
        self._file = file
        self._most_bytes = most_bytes

    def read(self, path: str, owner: Any) -> ReadStore:
        # Keras 2.13 had another name for the list of layers.
        for candidate in (path, path.replace("layers", "_layer_checkpoint_dependencies")):
            group = child(self._file, f"{candidate}/vars" if candidate else "vars")
            if group is not None:
                return ReadStore(group, self._most_bytes)
        return ReadStore(None, 0)

    def write(self, path: str, owner: Any) -> WriteStore:
        group = self._file.create_group(f"{path}/vars" if path else "vars")
        if hasattr(owner, "name"):
            group.attrs["name"] = owner.name
        return WriteStore(group)
