"""Weights in `.safetensors` files.

A tensor is called by its place in the model and its own name, such as ``layers/dense/kernel``; what has no name of its
own, such as the state of an optimizer, is numbered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.layers.layer import Layer
from ravine.saving.errors import UnreadableFileError
from ravine.saving.hdf5 import storable
from ravine.saving.state import StateFile


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError('These files need safetensors: pip install "ravine[safetensors]"') from None
    return safetensors


class TensorsFile(StateFile):
    """The content of a `.safetensors` file, in memory.

    Args:
        content: the bytes of the file, or None for a new one.
    """

    def __init__(self, content: bytes | None = None):
        library = _library()
        self._tensors: dict[str, np.ndarray] = {}
        if content is not None:
            try:
                self._tensors = library.numpy.load(content)
            except (library.SafetensorError, KeyError, TypeError) as error:
                raise UnreadableFileError(f"it is not a valid safetensors file: {error}") from None

    def content(self) -> bytes:
        """The bytes of the file."""
        return _library().numpy.save(self._tensors, {"format": "np"})

    def read(self, path: str, owner: Any) -> dict[str, np.ndarray]:
        names = _names(owner)
        numbers = {name: number for number, name in names.items()}
        inside = {key.rpartition("/")[2]: value for key, value in self._tensors.items() if _folder(key) == path}
        return {numbers.get(name, name): value for name, value in inside.items()}

    def write(self, path: str, owner: Any) -> _Place:
        return _Place(self._tensors, f"{path}/" if path else "", _names(owner))


class _Place(dict):
    def __init__(self, tensors: dict[str, np.ndarray], prefix: str, names: dict[str, str]):
        super().__init__()
        self._tensors, self._prefix, self._names = tensors, prefix, names

    def __setitem__(self, key: str, value: Any) -> None:
        values = storable(value.numpy() if hasattr(value, "numpy") else value)
        self._tensors[self._prefix + self._names.get(key, key)] = np.ascontiguousarray(values).reshape(values.shape)
        super().__setitem__(key, None)


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _names(owner: Any) -> dict[str, str]:
    """The names of a layer's variables by their numbers; none where two are called the same."""
    names = [variable.name for variable in owner._own_variables()] if isinstance(owner, Layer) else []
    usable = len(set(names)) == len(names) and not any("/" in name for name in names)
    return {str(number): name for number, name in enumerate(names)} if usable else {}
