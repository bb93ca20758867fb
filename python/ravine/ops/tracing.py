"""Tracing: Python functions describe a graph, the engine runs it.

While a `Trace` is active (``with Trace() as trace:``), ops that touch a traced tensor or a variable append a node to
its graph instead of computing. Everything else computes at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine import _core
from ravine._operators import Operators
from ravine.tensor import KerasTensor, Tensor, as_tensor, tag_of
from ravine.variable import Variable

_stack = threading.local()

# Layers, optimizers and metrics change while they are built and traced, and models share them: one thread at a time.
building = threading.RLock()

# Ops that change or read counters in place and therefore take a variable as it is, whatever its type.
_TAKES_COUNTERS = frozenset(
    {"dropout", "random_uniform", "increment", "adam_rate", "nadam_rates", "assign", "assign_add"}
    | {"read_counter", "read_total"}
)


class SymbolicTensor(Operators):
    """A value in a traced computation: it has a shape and a dtype, but no numbers yet."""

    __slots__ = ("_keras_mask", "dtype", "id", "shape", "trace")

    def __init__(self, trace: Trace, id: int, shape: tuple, dtype: str = "float32"):
        self._keras_mask: Any = None  # which positions count, set by the layers that mask
        self.trace = trace
        self.id = id
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def producer(self) -> tuple[str, list[SymbolicTensor], int] | None:
        """The op that computes this, its inputs, and which of its outputs this is; None for inputs and variables."""
        found = self.trace.graph.producer(self.id)
        if found is None:
            return None
        op, inputs, index = found
        return op, [self.trace.wrap(id) for id in inputs], index

    def numpy(self) -> np.ndarray:
        raise self._refuse("has no values yet, so .numpy() cannot be called", "Return it from the traced function.")

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise self._refuse("cannot become a NumPy array", "Use the function of the same name in ravine.ops.")

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        raise self._refuse(f"cannot be passed to np.{function.__name__}", "Use ravine.ops instead.")

    def __bool__(self) -> bool:
        raise self._refuse("has no truth value, so it cannot steer `if`, `while`, `and` or `or`", "Use ops.where.")

    def __float__(self) -> float:
        raise self._refuse("cannot become a Python number", "Keep it a tensor and compute with ravine.ops.")

    __int__ = __index__ = __float__

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise self._refuse("has no known length", "ops.mean and ops.sum reduce over the batch.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        raise self._refuse("cannot be iterated over", "Compute on whole tensors with ravine.ops.")

    def __getitem__(self, index: Any) -> Any:
        from ravine.ops import slicing

        return slicing.getitem(self, index)

    def _refuse(self, what: str, instead: str) -> TypeError:
        return TypeError(f"A traced tensor of shape {self.shape} {what}. {instead}")

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}>"


class Trace:
    """A graph in the making. Enter it as a context to trace into it.

    Attributes:
        graph: the engine's graph.
    """

    def __init__(self) -> None:
        self.graph = _core.Graph()
        self._labels: list[str] = []
        self._losses: list[tuple[Any, Any]] = []
        self._endings: dict[Any, Callable[[], Any]] = {}
        self._draws: dict[int, int] = {}
        self._variables: dict[int, Variable] = {}

    def __enter__(self) -> Trace:
        building.acquire()
        _traces().append(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _traces().pop()
        building.release()

    # What enters the graph.

    def input(self, name: str, shape: Sequence, dtype: str = "float32") -> SymbolicTensor:
        """An input. `shape` may begin with None, the batch."""
        shape = tuple(shape)
        if any(size is None for size in shape[1:]):
            raise ValueError(
                f"Input {name!r}: only the first dimension, the batch, may be None; received shape {shape}."
            )
        id = self.graph.input(name, tuple(-1 if size is None else int(size) for size in shape))
        return SymbolicTensor(self, id, shape, dtype)

    def variable(self, variable: Variable) -> SymbolicTensor:
        """The tensor that reads a variable and keeps what it held, whatever is assigned to it later; counters and
        totals become float32 numbers as they are read."""
        if variable.dtype == "float32":
            return self.apply("copy", [variable])
        if variable.shape != ():
            raise TypeError(
                f"Variable {variable.path!r} of dtype {variable.dtype} and shape {variable.shape} cannot be read in a "
                f"traced function, only scalars can; make it with dtype='float32' to compute with it there."
            )
        counts = variable.dtype == "int64"
        return self.apply(
            "read_counter" if counts else "read_total", [variable], None, "int32" if counts else "float32"
        )

    def _id_of(self, variable: Variable) -> int:
        """The graph's value that is the variable itself."""
        self._variables[id(variable)] = variable
        return self.graph.variable(variable._handle)

    def constant(self, value: Any) -> SymbolicTensor:
        """Fixed numbers, copied into the graph."""
        array = np.asarray(value)
        values = np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)
        return SymbolicTensor(self, self.graph.constant(values), array.shape, tag_of(array.dtype))

    def tensor(self, value: Any) -> SymbolicTensor:
        """`value` (a traced tensor, variable, array or number) as a tensor of this trace; that of a variable is for an
        operand, to be used at once."""
        if isinstance(value, SymbolicTensor):
            if value.trace is not self:
                raise ValueError(
                    f"{value!r} belongs to another trace. Do not keep traced tensors: pass them on as arguments and "
                    f"results, or keep state in a Variable."
                )
            return value
        if isinstance(value, Variable):
            if value.dtype != "float32":
                return self.variable(value)
            return SymbolicTensor(self, self._id_of(value), value.shape)
        return self.constant(_checked(value))

    def wrap(self, id: int, dtype: str = "float32") -> SymbolicTensor:
        return SymbolicTensor(self, id, _with_none(self.graph.shape(id)), dtype)

    # Nodes.

    def apply(self, op: str, inputs: Sequence[Any], attrs: dict | None = None, dtype: str = "float32") -> Any:
        """Append a node. Returns its output, a tuple of several, or None for a state update."""
        as_it_is = op in _TAKES_COUNTERS
        operands = [self._id_of(x) if as_it_is and isinstance(x, Variable) else self.tensor(x).id for x in inputs]
        ids = self.graph.add(op, operands, attrs or {}, self.label)
        outputs = tuple(self.wrap(id, dtype) for id in ids)
        return outputs[0] if len(outputs) == 1 else outputs or None

    def update(self, op: str, variable: Variable, value: Any) -> SymbolicTensor | Variable:
        """Append an ``assign`` or ``assign_add`` to a variable; a scalar is spread over it. Counters take the nearest
        integer."""
        counts = variable.dtype == "int64" and op == "assign_add" and isinstance(value, (int, np.integer))
        if counts and int(value) == 1:
            self.apply("increment", [variable])
            return variable
        value = self.tensor(value)  # a counter given as the value is read here
        if value.shape != variable.shape:
            if value.shape != ():
                raise ValueError(
                    f"Variable {variable.path!r}: expected a value of shape {variable.shape}, "
                    f"received shape {value.shape}."
                )
            value = self.apply("broadcast_to", [value], {"shape": list(variable.shape)})
        self.apply(op, [variable, value])
        return self.variable(variable) if variable.dtype == "float32" else variable

    @contextmanager
    def only_if(self, condition: Any) -> Iterator[None]:
        """What is traced inside runs only in those steps in which `condition`, a scalar, is not 0.

        Variables that are updated inside keep their values in the other steps. What is computed inside can be used
        inside alone (ValueError otherwise); to choose between values use ``ops.where``. Conditions may be nested.
        """
        condition = self.tensor(condition)
        if condition.shape != ():
            raise ValueError(f"only_if: expected a scalar condition, received shape {condition.shape}.")
        self.graph.push_guard(condition.id)
        try:
            yield
        finally:
            self.graph.pop_guard()

    def gradients(self, loss: SymbolicTensor, variables: Iterable[Any]) -> list[SymbolicTensor | None]:
        """The gradients of a scalar with respect to variables or traced tensors; None where no path leads."""
        wrt = [self.tensor(x) for x in variables]
        if loss.shape != ():
            raise ValueError(f"The loss must be a scalar to be differentiated, received shape {loss.shape}.")
        ids = self.graph.gradients(loss.id, [x.id for x in wrt])
        return [None if id is None else SymbolicTensor(self, id, x.shape) for id, x in zip(ids, wrt, strict=True)]

    # What layers leave behind.

    def add_loss(self, owner: Any, loss: Any) -> None:
        """Note a scalar that `owner`, a layer, wants added to the loss."""
        self._losses.append((owner, loss))

    def losses(self, owners: Iterable[Any] | None = None) -> list[Any]:
        """The scalars noted so far, of these layers or of all."""
        if owners is None:
            return [loss for _, loss in self._losses]
        wanted = {id(owner) for owner in owners}
        return [loss for owner, loss in self._losses if id(owner) in wanted]

    def at_end(self, action: Callable[[], Any], key: Any = None) -> None:
        """Run `action` when the trace is finished, after everything else was appended; once per `key`."""
        self._endings.setdefault(action if key is None else key, action)

    def finish(self) -> None:
        """Run what `at_end` collected. The trainer calls this after the optimizer's updates; more calls do nothing."""
        endings, self._endings = self._endings, {}
        with self:
            for action in endings.values():
                action()

    def next_draw(self, key: Any) -> int:
        """How often this was asked for `key` before: tells apart the random ops of one step."""
        count = self._draws.get(id(key), 0)
        self._draws[id(key)] = count + 1
        return count

    def program(self, inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> Any:
        """Finish the trace and plan it as a `_core.Program` from `inputs` to `outputs`."""
        self.finish()
        return _core.Program(self.graph, [x.id for x in inputs], [x.id for x in outputs])

    @property
    def label(self) -> str:
        """Who is adding nodes at the moment, e.g. ``Dense 'fc1'``; errors and plans show it."""
        return self._labels[-1] if self._labels else ""

    @contextmanager
    def labelled(self, label: str) -> Iterator[None]:
        self._labels.append(label)
        try:
            yield
        finally:
            self._labels.pop()


def current() -> Trace | None:
    """The trace that is active in this thread, or None."""
    traces = _traces()
    return traces[-1] if traces else None


@contextmanager
def suspended() -> Iterator[None]:
    """Compute at once inside, whatever is being traced: for making and filling variables."""
    _traces().append(None)
    try:
        yield
    finally:
        _traces().pop()


def apply(op: str, inputs: Sequence[Any], attrs: dict | None = None, dtype: str = "float32") -> Any:
    """Compute an op of the engine, or append it to the active trace.

    It is appended when a trace is active and an input is a traced tensor or a variable; of KerasTensors it makes the
    description of its result; otherwise it is computed at once. Float32 arrays that are C-contiguous are passed on
    without a copy; others are converted to float32.

    Returns a tensor, a tuple of them, or None when the op has no output. `dtype` is the tag of the outputs
    (``float32``, ``int32`` or ``bool``).
    """
    trace = current()
    if trace is not None and any(isinstance(x, (SymbolicTensor, Variable)) for x in inputs):
        return trace.apply(op, inputs, attrs, dtype)
    if any(isinstance(x, KerasTensor) for x in inputs):
        from ravine.layers.operation import Operation

        return Operation(op, attrs, dtype)(*inputs)
    operands = [_operand(x, op in _TAKES_COUNTERS) for x in inputs]
    results = tuple(_tagged(x, dtype) for x in _core.eager(op, operands, attrs or {}))
    return results[0] if len(results) == 1 else results or None


def _operand(value: Any, takes_counters: bool) -> Any:
    if isinstance(value, Variable):
        if value.dtype == "float32" or takes_counters:
            return value._handle
        value = value.array
    elif isinstance(value, _core.Variable):
        return value
    elif isinstance(value, SymbolicTensor):
        raise ValueError(
            f"{value!r} is used after its trace has ended. Do not keep traced tensors: pass them on as arguments and "
            f"results, or keep state in a Variable."
        )
    elif isinstance(value, np.ndarray) and value.dtype == np.float32 and value.flags.c_contiguous:
        return value
    array = np.asarray(_checked(value))
    return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)


def _checked(value: Any) -> Any:
    if isinstance(value, KerasTensor):
        raise TypeError(f"{value!r} holds no values; ops in a traced function need a tensor, an array or a number.")
    if value is None or isinstance(value, str):
        raise TypeError(f"Expected a tensor, an array or a number, received {value!r}.")
    return value


def _tagged(array: np.ndarray, dtype: str) -> Tensor:
    if dtype != "float32":
        array = array.astype(np.bool_ if dtype == "bool" else np.int32)
    return as_tensor(array)


def _with_none(shape: Iterable) -> tuple:
    return tuple(None if size is None or size == -1 else size for size in shape)


def _traces() -> list[Trace | None]:
    try:
        return _stack.traces
    except AttributeError:
        _stack.traces = []
        return _stack.traces
