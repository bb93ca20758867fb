"""Calling a layer on arrays: traced once per input shape and mode, then run by the engine."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import _tree
from ravine._masks import mask_of, with_mask
from ravine.layers import _call
from ravine.ops.tracing import SymbolicTensor, Trace
from ravine.ops.tracing import apply as apply_op
from ravine.tensor import as_tensor, tag_of
from ravine.variable import Variable


@dataclass
class _Traced:
    """A planned call."""

    program: Any
    structure: Any  # of the outputs, with an index into the results at each leaf that is a tensor
    dtypes: list[str]
    masks: dict[int, int]  # the mask of an output, both by their places among the results
    loss_owners: list[Any]
    free_batch: bool


@dataclass(frozen=True)
class _Result:
    index: int


_NEEDS_FIXED_BATCH = object()
_MOST_PROGRAMS = 256


def run_eagerly(layer: Any, args: tuple, kwargs: dict, training: bool) -> Any:
    """Call `layer` on arrays. Variables among the arguments count as arrays.

    The first dimension of the arrays counts as the batch when they agree in it, so that other batch sizes use the same
    plan; a call that cannot do with a free batch is traced for its size alone.
    """
    traced, arrays = _plan(layer, args, kwargs, training)
    return _run(layer._snapshot().layers, traced, arrays)


def run_again(layer: Any, x: np.ndarray, training: bool | None) -> Any:
    """Call `layer` on one array, with little more than the engine's own time when such a call was made before."""
    snapshot = layer._snapshot()
    traced = layer._programs.get((x.shape[1:], x.dtype.char, training, snapshot.key))
    return None if traced is None else _run(snapshot.layers, traced, [_array(x)])


def remember(layer: Any, x: np.ndarray, training: bool | None) -> None:
    """Let `run_again` find the plan that was made for this call."""
    args, kwargs, mode = layer._with_mode((x,), {} if training is None else {"training": training})
    traced, _ = _plan(layer, args, kwargs, mode)
    if traced.free_batch and traced.structure is not None:
        _keep(layer, (x.shape[1:], x.dtype.char, training, layer._snapshot().key), traced)


def _plan(
    layer: Any, args: tuple, kwargs: dict, training: bool, free_batch: bool = True
) -> tuple[_Traced, list[np.ndarray]]:
    leaves = _tree.leaves([args, kwargs])
    tensors = [x for x in leaves if _call.is_tensor(x)]
    masks = [mask_of(x) for x in tensors]
    masked = [mask is not None for mask in masks]
    arrays = [_array(x) for x in [*tensors, *masks] if x is not None]
    free = free_batch and bool(arrays) and len({x.shape[:1] for x in arrays}) == 1 and arrays[0].ndim > 0
    parts = (
        free,
        training,
        tuple((x.shape[1:] if free else x.shape, tag_of(x.dtype)) for x in arrays),
        tuple(masked),
        tuple(None if _call.is_tensor(x) else x for x in leaves),
        len(args),
        tuple(kwargs),
    )
    key = _key(layer, parts, args, kwargs)
    traced: Any = layer._programs.get(key) if key is not None else None
    if traced is None:
        traced = _NEEDS_FIXED_BATCH
        with contextlib.suppress(*([ValueError] if free else [])):
            traced = _trace(layer, args, kwargs, training, arrays, masked, free)
        if traced is not _NEEDS_FIXED_BATCH:
            key = _key(layer, parts, args, kwargs)  # building the layer has changed it
            _keep(layer, key, traced)
    if traced is _NEEDS_FIXED_BATCH:
        # It may do with a fixed size; if not, the error tells the true shapes.
        fixed = _plan(layer, args, kwargs, training, free_batch=False)
        _keep(layer, _key(layer, parts, args, kwargs), _NEEDS_FIXED_BATCH)
        return fixed
    return traced, arrays


def _keep(layer: Any, key: tuple | None, traced: Any) -> None:
    if key is not None:
        if len(layer._programs) >= _MOST_PROGRAMS:  # most belong to states that the layer has left
            layer._programs.clear()
        layer._programs[key] = traced


def _run(layers: list, traced: _Traced, arrays: list[np.ndarray]) -> Any:
    results = [
        as_tensor(x if dtype == "float32" else x.astype(np.bool_ if dtype == "bool" else np.int32))
        for x, dtype in zip(traced.program.run(arrays), traced.dtypes, strict=True)
    ]
    for output, mask in traced.masks.items():
        with_mask(results[output], results[mask])
    for inner in layers:
        inner.__dict__["_call_losses"] = []
    first_loss = len(results) - len(traced.loss_owners)
    for owner, loss in zip(traced.loss_owners, results[first_loss:], strict=True):
        owner._call_losses.append(loss)
    if isinstance(traced.structure, _Result):
        return results[traced.structure.index]
    return _tree.mapped(lambda x: results[x.index] if isinstance(x, _Result) else x, traced.structure)


def _key(layer: Any, parts: tuple, args: tuple, kwargs: dict) -> tuple | None:
    """What a plan depends on; None when it cannot be told."""
    nested = len(args) != 1 or isinstance(args[0], (list, tuple, dict))
    structure = repr(_tree.mapped(lambda x: None, (args, kwargs))) if nested else ""
    key = (*parts, structure, layer._snapshot().key)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _trace(
    layer: Any, args: tuple, kwargs: dict, training: bool, arrays: list[np.ndarray], masked: list[bool], free: bool
) -> _Traced:
    """`arrays` are those among the arguments, then the masks of those that are `masked`."""
    trace = Trace()
    inputs: list[SymbolicTensor] = []

    def enter(x: Any, dtype: str | None = None) -> Any:
        if not _call.is_tensor(x):
            return x
        array = arrays[len(inputs)]
        shape = (None, *array.shape[1:]) if free else array.shape
        inputs.append(trace.input(f"input_{len(inputs)}", shape, dtype or tag_of(array.dtype)))
        return inputs[-1]

    outputs: list[SymbolicTensor] = []
    masks: dict[int, int] = {}

    def put_out(x: SymbolicTensor) -> int:
        outputs.append(x if x.producer() is not None else apply_op("copy", [x], dtype=x.dtype))
        return len(outputs) - 1

    def leave(x: Any) -> Any:
        if not isinstance(x, SymbolicTensor):
            return x
        result = _Result(put_out(x))
        if mask_of(x) is not None:
            masks[result.index] = put_out(trace.tensor(mask_of(x)))
        return result

    with trace:
        traced_args, traced_kwargs = _tree.mapped(enter, (args, kwargs))
        for x in [x for x, has_mask in zip(inputs, masked, strict=True) if has_mask]:
            with_mask(x, enter(arrays[len(inputs)], "bool"))
        structure = _tree.mapped(leave, layer._call_traced(trace, traced_args, traced_kwargs, training))
        losses = list(trace._losses)
        for _, loss in losses:
            put_out(loss)
    program = trace.program(inputs, outputs)
    return _Traced(program, structure, [x.dtype for x in outputs], masks, [owner for owner, _ in losses], free)


def _array(x: Any) -> np.ndarray:
    array = x.array if isinstance(x, Variable) else np.asarray(x)
    array = array.view(np.uint8) if array.dtype == np.bool_ else array
    return np.ascontiguousarray(array).reshape(array.shape)
