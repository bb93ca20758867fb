"""`keras.backend`: what Keras 3 has there, and what code written for `tf.keras` still calls.

The old mathematical functions (`K.mean`, `K.square`, ...) are those of `ravine.ops`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _absent, ops
from ravine.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from ravine.tensor import standardize_dtype
from ravine.utils.session import clear_session
from ravine.utils.tensors import is_keras_tensor
from ravine.variable import Variable

__all__ = [
    "Variable",
    "backend",
    "batch_get_value",
    "batch_set_value",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "get_value",
    "image_data_format",
    "int_shape",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_value",
    "standardize_dtype",
]

_RENAMED = {"permute_dimensions": "transpose", "pow": "power"}

_uids: dict[str, int] = {}


def get_value(x: Any) -> Any:
    """The values of a variable or tensor as NumPy's: a scalar (float32) where it has no dimensions."""
    return np.asarray(x.numpy() if hasattr(x, "numpy") else x)[()]


def set_value(x: Any, value: Any) -> None:
    """Replace the values of a variable."""
    x.assign(value)


def batch_get_value(tensors: list[Any]) -> list[Any]:
    """`get_value` of each."""
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: list[tuple[Any, Any]]) -> None:
    """`set_value` of each pair of a variable and its values."""
    for x, value in tuples:
        set_value(x, value)


def int_shape(x: Any) -> tuple:
    """The shape, with None for the batch of a traced tensor."""
    return tuple(x.shape)


def get_uid(prefix: str = "") -> int:
    """A number that is new for this prefix: 1, 2, ..."""
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


def is_float_dtype(dtype: Any) -> bool:
    """Whether numbers of this dtype have a fraction."""
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is that of signed or unsigned integers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """The dtype of a computation on these: "float32" with any floating-point type (all of the engine's numbers are
    float32), else NumPy's for the integer types, "bool" for truth values alone."""
    names = [{int: "int32", float: "float32", bool: "bool"}.get(x) or standardize_dtype(x) for x in dtypes]
    if not names or any(is_float_dtype(name) for name in names):
        return "float32"
    return np.result_type(*names).name


def __getattr__(name: str) -> Any:
    found = getattr(ops, _RENAMED.get(name, name), None)
    if found is None or name.startswith("_"):
        raise _absent.error(__name__, name, [*__all__, *ops.__all__])
    return found
