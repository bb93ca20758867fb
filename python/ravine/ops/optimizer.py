"""One optimizer step at a time, in place. `ravine.optimizers` holds the optimizers with state and schedules.

`w` and the slots are variables or float32 NumPy arrays and are changed where they are; arrays must be C-contiguous.
While a function is traced only variables can be changed, and the step is appended to the trace.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _core
from ravine.ops._dtypes import is_number, shape_of
from ravine.ops.math import subtract
from ravine.ops.tracing import apply
from ravine.variable import Variable


def sgd_update(w: Any, g: Any, learning_rate: Any, decay: Any = None) -> None:
    """w -= decay * w, where a scalar `decay` is given (see `adam_update_at_rate`), then w -= learning_rate * g"""
    if decay is None:
        _in_place("sgd", [w], [w, g, learning_rate])
    else:
        _in_place("sgdw", [w], [w, g, learning_rate, decay])


def sgd_momentum_update(
    w: Any, g: Any, v: Any, learning_rate: Any, momentum: Any = 0.9, nesterov: bool = False, decay: Any = None
) -> None:
    """v = momentum * v - learning_rate * g, then w += v (Polyak 1964), or with `nesterov`
    w += momentum * v - learning_rate * g (Sutskever et al. 2013).

    `momentum` may be a number or, as `learning_rate`, a scalar tensor or variable that changes from step to step.
    `decay` is that of `adam_update_at_rate`.
    """
    operands, rule = [w, g, v, learning_rate, momentum], "nesterov" if nesterov else "momentum"
    if decay is None:
        _in_place(f"sgd_{rule}", [w, v], operands)
    else:
        _in_place(f"sgdw_{rule}", [w, v], [*operands, decay])


def adam_update(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    learning_rate: Any,
    iterations: int | Variable,
    beta_1: Any = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> None:
    """One step of Adam (Kingma & Ba 2015, the form before section 2.1 with epsilon hat), with t = iterations + 1:
    m += (1 - beta_1)(g - m), v += (1 - beta_2)(g^2 - v),
    w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon).

    Args:
        iterations: the number of steps made before; it is not changed.
        beta_1: a number, or a scalar tensor or variable that changes from step to step.
    """
    rate = adam_rate(learning_rate, iterations, beta_1, beta_2)
    adam_update_at_rate(w, g, m, v, rate, beta_1, beta_2, epsilon)


def adam_rate(learning_rate: Any, iterations: int | Variable, beta_1: Any, beta_2: float) -> Any:
    """learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) with t = iterations + 1: Adam's bias-corrected rate."""
    return apply("adam_rate", [learning_rate, _counter(iterations), _one_minus(beta_1)], {"beta_2": float(beta_2)})


def adam_update_at_rate(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    rate: Any,
    beta_1: Any = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    decay: Any = None,
) -> None:
    """As `adam_update`, with what `adam_rate` gave: one rate serves for all variables of a step.

    Args:
        decay: a scalar; w -= decay * w comes first (Loshchilov & Hutter 2019), in the same pass over w.
    """
    operands, attrs = [w, g, m, v, rate, _one_minus(beta_1)], {"beta_2": float(beta_2), "epsilon": float(epsilon)}
    if decay is None:
        _in_place("adam", [w, m, v], operands, attrs)
    else:
        _in_place("adamw", [w, m, v], [*operands, decay], attrs)


def nadam_update(
    w: Any,
    g: Any,
    m: Any,
    v: Any,
    learning_rate: Any,
    iterations: int | Variable,
    momentum_product: Any = 1.0,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> Any:
    """One step of Nadam (Dozat 2016, with Keras' schedule of the momentum), with t = iterations + 1 and
    u_t = beta_1 (1 - 0.96^t / 2): m += (1 - beta_1)(g - m), v += (1 - beta_2)(g^2 - v), and with P_t = u_1 ... u_t,
    w -= learning_rate / (sqrt(v / (1 - beta_2^t)) + epsilon)
    * (u_(t+1) m / (1 - P_t u_(t+1)) + (1 - u_t) g / (1 - P_t)).

    Args:
        iterations: the number of steps made before; it is not changed.
        momentum_product: P of those steps.

    Returns:
        P_t, a scalar, to be given to the next step.
    """
    *rates, product = nadam_rates(learning_rate, iterations, momentum_product, beta_1, beta_2, epsilon)
    _in_place("nadam", [w, m, v], [w, g, m, v, *rates], {"beta_1": float(beta_1), "beta_2": float(beta_2)})
    return product


def nadam_rates(
    learning_rate: Any,
    iterations: int | Variable,
    momentum_product: Any,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Any:
    """What Nadam's step multiplies m and g with, the epsilon that it adds to the root of v, and P_t."""
    attrs = {"beta_1": float(beta_1), "beta_2": float(beta_2), "epsilon": float(epsilon)}
    return apply("nadam_rates", [learning_rate, _counter(iterations), momentum_product], attrs)


def _one_minus(beta: Any) -> Any:
    """1 - beta, for a number without the digits that float32 would lose: 1 - 0.9 has a third of them left."""
    return 1.0 - float(beta) if is_number(beta) else subtract(1.0, beta)


def _counter(iterations: int | Variable) -> Any:
    if isinstance(iterations, Variable):
        return iterations
    return _core.Variable(np.asarray(iterations, np.int64), "iterations")


def _in_place(op: str, changed: list[Any], inputs: list[Any], attrs: dict | None = None) -> None:
    shape = shape_of(changed[0])
    for x in [*changed, inputs[1]]:
        if shape_of(x) != shape:
            raise ValueError(f"ops.{op}: weights, gradient and slots must agree, received {shape} and {shape_of(x)}.")
    for x in changed:
        if isinstance(x, Variable):
            continue
        if not isinstance(x, np.ndarray) or x.dtype != np.float32 or not x.flags.c_contiguous or not x.flags.writeable:
            raise TypeError(
                f"ops.{op} works in place: expected variables or writable, C-contiguous float32 arrays, "
                f"received {type(x).__name__}" + (f" of {x.dtype}." if isinstance(x, np.ndarray) else ".")
            )
    apply(op, inputs, attrs)
