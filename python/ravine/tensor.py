"""The kinds of tensor users meet: eager results, and descriptions of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine._names import auto_name
from ravine._operators import Operators


class Tensor(np.ndarray):
    """An eager result: a NumPy array (float32, int32 or bool) that also answers to ``.numpy()``. What layers make of
    masked values carries their mask in the attribute ``_keras_mask``."""

    _keras_mask: Any

    def numpy(self) -> np.ndarray:
        """The same memory as a plain NumPy array."""
        return self.view(np.ndarray)

    def __array_wrap__(self, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
        # Keeps NumPy reductions such as x.mean() returning scalars instead of 0-d arrays.
        if return_scalar or array.ndim == 0:
            return array[()]
        return array.view(Tensor)


def as_tensor(array: np.ndarray) -> Tensor:
    """A Tensor over the memory of `array`."""
    return array.view(Tensor)


class KerasTensor(Operators):
    """A tensor that has a shape (with None for the batch), a dtype and a name, but no values: an input of a model or
    what a layer makes of one. Layers, `ravine.ops` and arithmetic on it describe a graph of layers, from which
    `Model(inputs, outputs)` makes a model.

    Attributes:
        node: the call of a layer that gave it.
    """

    def __init__(self, shape: tuple, dtype: str = "float32", name: str | None = None, node: Any = None):
        self.shape = tuple(shape)
        self.dtype = dtype
        self.name = name or auto_name(type(self).__name__)
        self.node = node

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(f"{self!r} holds no values. Make a model of it, Model(inputs, outputs), and call that on data.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} holds no values, so it cannot steer `if`, `while`, `and` or `or`. Use ops.where.")

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} cannot be iterated over. Compute on whole tensors with ravine.ops.")

    def __getitem__(self, index: Any) -> Any:
        from ravine import ops

        return ops.get_item(self, index)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def standardize_dtype(dtype: Any) -> str:
    """A dtype's name, e.g. ``float32``. None stands for float32. Raises ValueError for what is not a dtype."""
    if dtype is None:
        return "float32"
    if isinstance(dtype, str) and dtype in ("float16", "bfloat16", "float32", "float64", "bool"):
        return dtype
    if isinstance(dtype, dict):
        return standardize_dtype(dtype.get("config", {}).get("name"))
    name = getattr(dtype, "name", None)
    if isinstance(name, str) and not isinstance(dtype, (np.dtype, type)):
        return standardize_dtype(name)
    try:
        return np.dtype(dtype).name
    except TypeError:
        raise ValueError(f"Not a dtype: {dtype!r}.") from None


def tag_of(dtype: Any) -> str:
    """The tag under which values of a dtype are shown to users: ``bool``, ``int32`` or ``float32``."""
    kind = np.dtype(dtype).kind
    return "bool" if kind == "b" else "int32" if kind in "iu" else "float32"
