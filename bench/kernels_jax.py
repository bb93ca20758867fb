"""JAX's single operations, in a compiled loop, so that Python and the dispatch of a call do not count.

Each turn of the loop writes to memory that is there already. Every other turn reads and writes one cache line (or one
row) further on, because XLA would move work that is the same in every turn out of the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.kernel_cases import KernelCase
from bench.peer_jax import slots, update
from bench.runner import Steps
from bench.workloads import Optimizer

_LINE = 16  # floats
_WORK = 1 << 22  # elements of one call

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "mish": jax.nn.mish,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid,
}

#: Gradients that a framework computes from what the function gave, which it keeps for that.
_FROM_OUTPUT: dict[str, Callable[[Any, Any], Any]] = {
    "tanh": lambda y, dy: dy * (1 - y * y),
    "sigmoid": lambda y, dy: dy * y * (1 - y),
}

Body = Callable[[Any, Any], Any]


def _random(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(1).uniform(-2, 2, shape).astype(np.float32))


def _activation(kernel: str, count: int) -> tuple[Body, Any, Any]:
    name = kernel.removesuffix("_grad")
    function = _ACTIVATIONS[name]

    def gradient(x: Any, dy: Any) -> Any:
        return _FROM_OUTPUT[name](x, dy) if name in _FROM_OUTPUT else jax.vjp(function, x)[1](dy)[0]

    x, dy, out = _random(count + _LINE), _random(count + _LINE), _random(count + _LINE)

    def body(index: Any, carry: Any) -> Any:
        (x, dy), out = carry
        start = (index % 2 * _LINE,)
        here = lax.dynamic_slice(x, start, (count,))
        value = gradient(here, lax.dynamic_slice(dy, start, (count,))) if kernel.endswith("_grad") else function(here)
        return (x, dy), lax.dynamic_update_slice(out, value, start)

    return body, (x, dy), out


def _softmax_loss(rows: int, columns: int) -> tuple[Body, Any, Any]:
    labels = jnp.asarray(np.random.default_rng(1).integers(columns, size=rows + 1))

    def loss_of(x: Any, y: Any) -> Any:
        chosen = jnp.take_along_axis(x, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(x, axis=1) - chosen)

    def body(index: Any, carry: Any) -> Any:
        (x, y), (out, total) = carry
        start = index % 2
        here = lax.dynamic_slice(x, (start, 0), (rows, columns))
        loss, gradient = jax.value_and_grad(loss_of)(here, lax.dynamic_slice(y, (start,), (rows,)))
        return (x, y), (lax.dynamic_update_slice(out, gradient, (start, 0)), total + loss)

    return body, (_random(rows + 1, columns), labels), (_random(rows + 1, columns), jnp.zeros(()))


def _batch_norm(rows: int, columns: int) -> tuple[Body, Any, Any]:
    def normalize(x: Any, gamma: Any, beta: Any) -> Any:
        return (x - x.mean(axis=0)) * (lax.rsqrt(x.var(axis=0) + 1e-3) * gamma) + beta

    def body(index: Any, carry: Any) -> Any:
        (x, dy), (y, dx, gamma, beta) = carry
        start = (index % 2, 0)
        here, above = (lax.dynamic_slice(array, start, (rows, columns)) for array in (x, dy))
        value, backward = jax.vjp(normalize, here, gamma, beta)
        below, dgamma, dbeta = backward(above)
        y, dx = (lax.dynamic_update_slice(out, new, start) for out, new in ((y, value), (dx, below)))
        return (x, dy), (y, dx, gamma - 1e-6 * dgamma, beta - 1e-6 * dbeta)

    x, dy, y, dx = (_random(rows + 1, columns) for _ in range(4))
    return body, (x, dy), (y, dx, jnp.ones(columns), jnp.zeros(columns))


def _operation(case: KernelCase) -> tuple[Body, Any, Any]:
    if case.kernel == "softmax_loss":
        return _softmax_loss(*case.shape)
    if case.kernel == "batch_norm":
        return _batch_norm(*case.shape)
    return _activation(case.kernel, case.size)


def _looped(case: KernelCase) -> Steps:
    body, given, state = _operation(case)
    turns = max(2, _WORK // case.size)

    def loop(given: Any, state: Any) -> Any:
        return lax.fori_loop(0, turns, body, (given, state))[1]

    call = jax.jit(loop, donate_argnums=1)

    def advance() -> None:
        nonlocal state
        state = jax.block_until_ready(call(given, state))

    return Steps(advance, [()], granule=turns)


def _update(case: KernelCase) -> Steps:
    """Called from Python, on several arrays at once when they are small: in a loop XLA does not vectorize updates."""
    name = {"sgd_momentum": "momentum", "sgd_nesterov": "nesterov"}.get(case.kernel, case.kernel)
    settings = Optimizer(name, 1e-6)
    arrays = 1 if case.size >= 1 << 20 else 4
    gradients = [_random(case.size) for _ in range(arrays)]
    weights = [_random(case.size) for _ in range(arrays)]
    state = slots(settings, weights)
    call = jax.jit(partial(update, settings), donate_argnums=(0, 2))

    def advance() -> None:
        nonlocal weights, state
        weights, state = jax.block_until_ready(call(weights, gradients, state))

    return Steps(advance, [()], granule=arrays)


def make(name: str, case: KernelCase, threads: int) -> Steps:
    return _update(case) if case.is_update else _looped(case)
