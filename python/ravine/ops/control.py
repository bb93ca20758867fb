"""Control flow. The engine runs one fixed list of steps, so that a traced function takes both ways of a choice and
unrolls its loops."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from ravine.ops import math, rearrangement, slicing
from ravine.ops._dtypes import axis_of, shape_of
from ravine.ops.tracing import SymbolicTensor, current
from ravine.variable import Variable


def _is_traced(x: Any) -> bool:
    return isinstance(x, SymbolicTensor) or (isinstance(x, Variable) and current() is not None)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """``true_fn()`` where `pred`, a scalar, holds, else ``false_fn()``.

    While a function is traced, both are computed and the results chosen from, so that they must have the same structure
    and change no variables; `Trace.only_if` guards updates.
    """
    if not _is_traced(pred):
        return true_fn() if pred else false_fn()
    return _choose(pred, true_fn(), false_fn())


def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    """What the branch of this number makes of the operands, the number being limited to those there are; traced as
    `cond`"""
    last = len(branches) - 1
    if not _is_traced(index):
        return branches[builtins.min(builtins.max(int(index), 0), last)](*operands)
    result = branches[last](*operands)
    for i in range(last - 1, -1, -1):
        result = _choose(math.less_equal(index, i), branches[i](*operands), result)
    return result


def _choose(pred: Any, first: Any, second: Any) -> Any:
    if isinstance(first, dict):
        return {key: _choose(pred, value, second[key]) for key, value in first.items()}
    if isinstance(first, (list, tuple)):
        if len(first) != len(second):
            raise ValueError(f"ops.cond: both ways must give as many results, received {len(first)} and {len(second)}.")
        return type(first)(_choose(pred, a, b) for a, b in zip(first, second, strict=True))
    return None if first is None and second is None else math.where(pred, first, second)


def while_loop(cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """``while cond(*loop_vars): loop_vars = body(*loop_vars)``, on numbers that are there; it cannot be traced, since
    nobody knows how often it runs."""
    several = isinstance(loop_vars, (list, tuple))
    state = tuple(loop_vars) if several else (loop_vars,)
    rounds = 0
    while maximum_iterations is None or rounds < maximum_iterations:
        more = cond(*state)
        if _is_traced(more):
            raise NotImplementedError(
                "ops.while_loop cannot be traced: how often it runs would depend on the numbers. Write a Python loop "
                "with a fixed number of rounds, and choose with ops.where what each of them keeps."
            )
        if not more:
            break
        result = body(*state)
        state = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        rounds += 1
    return type(loop_vars)(state) if several else state[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """``for i in range(lower, upper): value = body_fun(i, value)``; a traced function unrolls it"""
    if _is_traced(lower) or _is_traced(upper):
        raise NotImplementedError("ops.fori_loop: while a function is traced its bounds must be Python integers.")
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for the parts x of `xs` along its first axis, one after the other; gives the last
    carry and the ys, stacked. A traced function unrolls it, so that this axis must be fixed."""
    count = _parts(xs, length, "scan")
    carry, ys = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, None if xs is None else _part(xs, i))
        ys.append(y)
    return carry, _stacked(ys[::-1] if reverse else ys)


def map(f: Callable, xs: Any) -> Any:
    """``f`` of each part of `xs` along its first axis, stacked. A traced function unrolls it, so that this axis must be
    fixed; functions of whole tensors need no map over the batch."""
    return _stacked([f(_part(xs, i)) for i in range(_parts(xs, None, "map"))])


def vectorized_map(function: Callable, elements: Any) -> Any:
    """As `map`"""
    return map(function, elements)


def _leaves(xs: Any) -> list[Any]:
    if isinstance(xs, dict):
        return [leaf for value in xs.values() for leaf in _leaves(value)]
    if isinstance(xs, (list, tuple)):
        return [leaf for value in xs for leaf in _leaves(value)]
    return [] if xs is None else [xs]


def _parts(xs: Any, length: int | None, what: str) -> int:
    sizes = {shape_of(leaf)[0] for leaf in _leaves(xs)} | ({length} if length is not None else set())
    if None in sizes:
        raise NotImplementedError(
            f"ops.{what} goes through the first axis step by step, but the size of the batch is free while a function "
            "is traced. Write the function for the whole batch at once, or go along another axis with a Python loop."
        )
    if len(sizes) != 1:
        raise ValueError(f"ops.{what}: expected one length of the first axes, received {sorted(sizes)}.")
    return int(sizes.pop())


def _part(xs: Any, i: int) -> Any:
    if isinstance(xs, dict):
        return {key: _part(value, i) for key, value in xs.items()}
    if isinstance(xs, (list, tuple)):
        return type(xs)(_part(value, i) for value in xs)
    return xs[i]


def _stacked(ys: list[Any]) -> Any:
    first = ys[0] if ys else None
    if isinstance(first, dict):
        return {key: _stacked([y[key] for y in ys]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(_stacked([y[k] for y in ys]) for k in range(len(first)))
    return None if first is None else slicing.stack(ys, 0)


def associative_scan(f: Callable, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """What `f` makes of the parts of `elems` up to each place along `axis`: x1, f(x1, x2), f(f(x1, x2), x3), ...

    `f` must be associative; it gets two structures like `elems` that hold some of the places along `axis`, which must
    be fixed while a function is traced. It is called as often as the number of places can be halved.
    """
    leaves = _leaves(elems)
    axis = axis_of(axis, len(shape_of(leaves[0])))
    count = slicing._fixed(shape_of(leaves[0]), axis, "associative_scan")

    def turned(xs: Any) -> Any:
        return _each(lambda x: rearrangement.flip(x, axis), xs) if reverse else xs

    result = turned(elems)
    reach = 1
    while reach < count:
        earlier = _each(lambda x, r=reach: slicing._between(x, axis, 0, count - r), result)
        later = _each(lambda x, r=reach: slicing._between(x, axis, r, count), result)
        first = _each(lambda x, r=reach: slicing._between(x, axis, 0, r), result)
        result = _each(lambda a, b: slicing.concatenate([a, b], axis), first, f(earlier, later))
        reach *= 2
    return turned(result)


def _each(f: Callable, *xs: Any) -> Any:
    """`f` of the tensors at each place of structures that are alike"""
    if isinstance(xs[0], dict):
        return {key: _each(f, *(x[key] for x in xs)) for key in xs[0]}
    if isinstance(xs[0], (list, tuple)):
        return type(xs[0])(_each(f, *parts) for parts in zip(*xs, strict=True))
    return None if xs[0] is None else f(*xs)
