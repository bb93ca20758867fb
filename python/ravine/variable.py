"""Variables: the named, mutable state of layers, metrics and optimizers."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine import _core
from ravine._changes import note_change
from ravine._names import auto_name
from ravine._operators import Operators
from ravine.tensor import as_tensor, standardize_dtype

_STORED_AS = {
    "float16": "float32",
    "bfloat16": "float32",
    "float32": "float32",
    "float64": "float64",
    "bool": "float32",
    "int8": "int64",
    "int16": "int64",
    "int32": "int64",
    "int64": "int64",
    "uint8": "int64",
    "uint16": "int64",
    "uint32": "int64",
    "uint64": "int64",
}

_scopes = threading.local()


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Variables made inside get `name` in front of their path."""
    names = _scopes.__dict__.setdefault("names", [])
    names.append(name)
    try:
        yield
    finally:
        names.pop()


def current_scope() -> str:
    """The names of the open scopes, joined by slashes; the scope of a layer inside its own is not repeated."""
    names: list[str] = []
    for name in _scopes.__dict__.get("names", []):
        if not names or names[-1] != name:
            names.append(name)
    return "/".join(names)


@contextmanager
def at_most(size: int, why: str) -> Iterator[None]:
    """Variables made inside may hold `size` bytes in all; more raises a ValueError that says `why`. For models that are
    described by files, so that a few characters cannot ask for all memory."""
    state = _scopes.__dict__
    outer = state.get("room")
    state["room"] = [size, why]
    try:
        yield
    finally:
        state["room"] = outer


def _charge(shape: tuple[int, ...], path: str) -> None:
    room = _scopes.__dict__.get("room")
    if room is not None:
        room[0] -= 4 * math.prod(shape)
        if room[0] < 0:
            raise ValueError(f"Variable {path!r} of shape {shape} is not made. {room[1]}")


class Variable(Operators):
    """State that outlives a step. Its memory belongs to the engine; `value` is a view of it.

    Args:
        initializer: an array of values, or a callable ``(shape, dtype) -> array`` or its name (then `shape` is needed).
        shape: the shape, without free dimensions.
        dtype: ``"float32"`` (the default), ``"float64"`` for running totals, or an integer type (kept as int64)
            for counters.
        trainable: whether an optimizer may change it.
        name: the last part of `path`; by default ``variable``, ``variable_1``, ...
        regularizer: a callable ``variable -> scalar`` that is added to the loss while the variable is trainable.
        constraint: a callable ``variable -> tensor`` that is applied after every update.

    Raises:
        ValueError: when the values do not fit `shape`, or when `shape` is missing or not fixed.
    """

    def __init__(
        self,
        initializer: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        *,
        regularizer: Callable | None = None,
        constraint: Callable | None = None,
    ):
        self.name = name or auto_name("variable")
        scope = current_scope()
        self.path = f"{scope}/{self.name}" if scope else self.name
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.overwrite_with_gradient = False
        self.regularizer = regularizer
        self.constraint = constraint
        self.trainable = bool(trainable)
        self.is_parameter = bool(trainable)  # stays when the variable is frozen
        self._initializer = None
        values = self._initial_values(initializer, shape, dtype)
        self._handle = _core.Variable(values, self.path)
        self._shape = values.shape
        self._dtype = str(values.dtype)

    def _initial_values(self, initializer: Any, shape: tuple | None, dtype: Any) -> np.ndarray:
        if isinstance(initializer, str):
            from ravine import initializers

            initializer = initializers.get(initializer)
        if callable(initializer) and not isinstance(initializer, (np.ndarray, Variable)):
            if shape is None:
                raise ValueError(f"Variable {self.path!r}: a shape is needed to call the initializer.")
            shape = _fixed_shape(shape, self.path)
            _charge(shape, self.path)
            self._initializer = initializer
            values = initializer(shape, dtype=standardize_dtype(dtype))
        else:
            values = initializer
        values = np.asarray(values)
        if dtype is None:
            dtype = "int64" if values.dtype.kind in "iu" else "float32"
        stored = _STORED_AS.get(standardize_dtype(dtype))
        if stored is None:
            raise ValueError(f"Variable {self.path!r}: dtype {dtype!r} is not supported.")
        if shape is not None and values.shape != tuple(shape):
            if values.shape != ():
                raise ValueError(
                    f"Variable {self.path!r}: expected initial values of shape {tuple(shape)}, "
                    f"received shape {values.shape}."
                )
            values = np.broadcast_to(values, shape)
        return np.ascontiguousarray(values, dtype=stored).reshape(values.shape)

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        note_change()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        return int(np.prod(self._shape, dtype=np.int64))

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def array(self) -> np.ndarray:
        """A writable view of the values, whatever is being traced."""
        return self._handle.value

    @property
    def value(self) -> Any:
        """A writable view of the values; while a function is traced, the traced tensor that reads them."""
        trace = _active_trace()
        return as_tensor(self.array) if trace is None else trace.variable(self)

    def numpy(self) -> np.ndarray:
        """A copy of the values."""
        return np.array(self.array)

    def assign(self, value: Any) -> Any:
        """Replace the values. While a function is traced this becomes a step of it, so that it happens on every run."""
        return self._update("assign", value)

    def assign_add(self, value: Any) -> Any:
        """Add to the values; see `assign`."""
        return self._update("assign_add", value)

    def assign_sub(self, value: Any) -> Any:
        """Subtract from the values; see `assign`."""
        return self._update("assign_add", -value if hasattr(value, "shape") else np.negative(value))

    def _update(self, op: str, value: Any) -> Any:
        trace = _active_trace()
        if trace is not None:
            return trace.update(op, self, value)
        values = value.array if isinstance(value, Variable) else np.asarray(value)
        if values.shape != self._shape and values.shape != ():
            raise ValueError(
                f"Variable {self.path!r}: expected a value of shape {self._shape}, received shape {values.shape}."
            )
        if op == "assign":
            self.array[...] = values
        else:
            self.array[...] += values.astype(self._dtype, copy=False)
        return self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if _active_trace() is not None:
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        return getattr(ufunc, method)(*(x.array if isinstance(x, Variable) else x for x in inputs), **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        # A copy unless a view is asked for: what was read stays what it was when training goes on.
        values = self.array
        if dtype is not None and values.dtype != dtype:
            return values.astype(dtype)
        return values if copy is False else np.array(values)

    def __getitem__(self, index: Any) -> Any:
        if _active_trace() is not None:
            return _active_trace().variable(self)[index]
        return as_tensor(np.array(self.array[index]))

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError(f"Variable {self.path!r} is a scalar and has no length.")
        return self._shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __format__(self, spec: str) -> str:
        return format(self.array[()] if not self._shape else self.array, spec)

    def __eq__(self, other: Any) -> Any:
        """Element by element against numbers, arrays and tensors; against other variables, whether they are the same
        one."""
        return self is other if isinstance(other, Variable) else super().__eq__(other)

    def __ne__(self, other: Any) -> Any:
        return self is not other if isinstance(other, Variable) else super().__ne__(other)

    __hash__ = object.__hash__

    def __deepcopy__(self, memo: dict) -> Variable:
        twin = Variable.__new__(Variable)
        memo[id(self)] = twin
        twin.__dict__.update(self.__dict__)
        twin._handle = _core.Variable(self.numpy(), self.path)
        return twin

    def __getstate__(self) -> dict:
        state = dict(self.__dict__)
        state["_handle"] = self.numpy()
        return state

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._handle = _core.Variable(state["_handle"], state["path"])

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self._shape}, dtype={self._dtype}, value={self.array}>"


def assign_all(where: str, variables: list[Variable], values: Sequence[Any], hint: str = "") -> None:
    """Set variables to values, all or none.

    Args:
        where: what they belong to, for the message; `hint` is the end of it.

    Raises:
        ValueError: the number of values or a shape differs.
    """
    if len(values) != len(variables):
        raise ValueError(f"{where}: set_weights() expected {len(variables)} arrays, received {len(values)}.{hint}")
    arrays = [np.asarray(value) for value in values]
    for variable, array in zip(variables, arrays, strict=True):
        if variable.shape != array.shape:
            raise ValueError(
                f"{where}: weight {variable.path!r} expected shape {variable.shape}, received shape {array.shape}."
            )
    from ravine.ops import tracing

    with tracing.suspended():
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)


def _fixed_shape(shape: Any, path: str) -> tuple[int, ...]:
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    if any(size is None or int(size) < 0 for size in shape):
        raise ValueError(f"Variable {path!r}: expected a fixed shape, received {shape}.")
    return tuple(int(size) for size in shape)


def _active_trace() -> Any:
    from ravine.ops import tracing

    return tracing.current()
