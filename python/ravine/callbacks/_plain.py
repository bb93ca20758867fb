"""Plain values (numbers, text, arrays, and lists and dicts of them) as JSON with the arrays beside it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

SKIPPED = frozenset({"params", "_model", "model"})


class NotPlainError(TypeError):
    """A value that is not made of numbers, text and arrays."""


def pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """`value` as JSON data; its arrays are appended to `arrays`. Raises NotPlainError."""
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype != object:
        arrays.append(np.array(value))
        return {"array": len(arrays) - 1, "scalar": isinstance(value, np.generic)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [pack(item, arrays) for item in value]}
    if type(value) is dict:
        return {"dict": [[pack(key, arrays), pack(item, arrays)] for key, item in value.items()]}
    raise NotPlainError(type(value).__name__)


def unpack(data: Any, arrays: list[np.ndarray]) -> Any:
    """The inverse of `pack`."""
    if not isinstance(data, dict):
        return data
    if "array" in data:
        array = arrays[data["array"]]
        return array[()] if data["scalar"] else array.copy()
    if "dict" in data:
        return {unpack(key, arrays): unpack(item, arrays) for key, item in data["dict"]}
    kind = list if "list" in data else tuple
    return kind(unpack(item, arrays) for item in data[kind.__name__])


def fingerprints(owner: Any, private: bool = True) -> dict[str, str]:
    """A hash of each attribute of `owner` that is plain; of the `private` ones too."""
    import hashlib  # takes a while, and not every program asks

    found = {}
    for name, value in vars(owner).items():
        arrays: list[np.ndarray] = []
        if name in SKIPPED or (name.startswith("_") and not private):
            continue
        try:
            data = pack(value, arrays)
        except NotPlainError:
            continue
        digest = hashlib.blake2b(json.dumps(data).encode())
        for array in arrays:
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(array.tobytes())
        found[name] = digest.hexdigest()
    return found
