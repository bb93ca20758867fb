"""JAX: the whole step as one jitted function whose buffers are donated.

jax-jit   called once per batch from Python, the batches lying ready on the device
jax-scan  a lax.scan over all batches of the epoch, the data set lying on the device

Random masks come from the default generator (threefry), which is the fastest one on a CPU.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.contestants import Unsupported
from bench.runner import Steps, split
from bench.workloads import Activation, BatchNorm, Dense, Dropout, Optimizer, Workload

_ACTIVATIONS = {"relu": jax.nn.relu, "silu": jax.nn.silu, "selu": jax.nn.selu, None: lambda x: x}


def _parameters(workload: Workload) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Trained parameters and running statistics, one dict for each layer."""
    random = np.random.default_rng(1)
    parameters: list[dict[str, Any]] = []
    statistics: list[dict[str, Any]] = []
    width = workload.inputs
    gain = {"he_normal": 2.0, "lecun_normal": 1.0}[workload.initializer]
    for layer in workload.layers:
        weights: dict[str, Any] = {}
        running: dict[str, Any] = {}
        match layer:
            case Dense(units, _, bias):
                weights["w"] = random.standard_normal((width, units), np.float32) * np.float32(math.sqrt(gain / width))
                if bias:
                    weights["b"] = np.zeros(units, np.float32)
                width = units
            case BatchNorm():
                weights = {"gamma": np.ones(width, np.float32), "beta": np.zeros(width, np.float32)}
                running = {"mean": np.zeros(width, np.float32), "variance": np.ones(width, np.float32)}
        parameters.append(weights)
        statistics.append(running)
    return jax.tree.map(jnp.asarray, (parameters, statistics))


def _forward(workload: Workload, parameters: Any, statistics: Any, x: Any, key: Any) -> tuple[Any, Any]:
    """The logits and the new running statistics; `key` is None in inference."""
    updated = []
    for layer, weights, running in zip(workload.layers, parameters, statistics, strict=True):
        match layer:
            case Dense(_, activation, bias):
                x = x @ weights["w"]
                x = _ACTIVATIONS[activation](x + weights["b"] if bias else x)
            case BatchNorm(momentum, epsilon) if key is not None:
                mean, variance = x.mean(axis=0), x.var(axis=0)
                x = (x - mean) * (lax.rsqrt(variance + epsilon) * weights["gamma"]) + weights["beta"]
                running = {
                    "mean": running["mean"] * momentum + mean * (1 - momentum),
                    "variance": running["variance"] * momentum + variance * (1 - momentum),
                }
            case BatchNorm(_, epsilon):
                scale = lax.rsqrt(running["variance"] + epsilon) * weights["gamma"]
                x = (x - running["mean"]) * scale + weights["beta"]
            case Activation(name):
                x = _ACTIVATIONS[name](x)
            case Dropout(rate) if key is not None:
                key, own = jax.random.split(key)
                x = jnp.where(jax.random.bernoulli(own, 1 - rate, x.shape), x * (1 / (1 - rate)), 0.0)
        updated.append(running)
    return x, updated


def _loss(name: str, logits: Any, y: Any) -> Any:
    if name == "crossentropy":
        chosen = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)
    if name == "binary_crossentropy":
        return jnp.mean(jnp.maximum(logits, 0) - logits * y + jnp.log1p(jnp.exp(-jnp.abs(logits))))
    return jnp.mean(jnp.square(logits - y))


def slots(optimizer: Optimizer, parameters: Any) -> Any:
    def zeros() -> Any:
        return jax.tree.map(jnp.zeros_like, parameters)

    count = {"sgd": 0, "momentum": 1, "nesterov": 1, "adam": 2, "nadam": 2}[optimizer.name]
    return {"slots": [zeros() for _ in range(count)], "step": jnp.zeros((), jnp.int32), "product": jnp.ones(())}


def update(optimizer: Optimizer, parameters: Any, gradients: Any, state: Any) -> tuple[Any, Any]:
    rate, each = optimizer.learning_rate, jax.tree.map
    step = state["step"] + 1
    product = state["product"]
    if optimizer.name == "sgd":
        return each(lambda w, g: w - rate * g, parameters, gradients), {**state, "step": step}
    if optimizer.name in ("momentum", "nesterov"):
        momentum = optimizer.momentum
        velocity = each(lambda v, g: momentum * v - rate * g, state["slots"][0], gradients)
        if optimizer.name == "momentum":
            parameters = each(lambda w, v: w + v, parameters, velocity)
        else:
            parameters = each(lambda w, v, g: w + momentum * v - rate * g, parameters, velocity, gradients)
        return parameters, {**state, "slots": [velocity], "step": step}
    beta_1, beta_2, epsilon = optimizer.beta_1, optimizer.beta_2, optimizer.epsilon
    first = each(lambda m, g: beta_1 * m + (1 - beta_1) * g, state["slots"][0], gradients)
    second = each(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, state["slots"][1], gradients)
    time = step.astype(jnp.float32)
    correction = 1 - beta_2**time
    if optimizer.name == "adam":
        alpha = rate * jnp.sqrt(correction) / (1 - beta_1**time)
        parameters = each(lambda w, m, v: w - alpha * m / (jnp.sqrt(v) + epsilon), parameters, first, second)
    else:  # Dozat 2016, with Keras' momentum schedule
        now, later = (beta_1 * (1 - 0.5 * 0.96**t) for t in (time, time + 1))
        product = product * now
        c_first, c_gradient = later / (1 - product * later), (1 - now) / (1 - product)

        def nadam(w: Any, g: Any, m: Any, v: Any) -> Any:
            return w - rate * (c_first * m + c_gradient * g) / (jnp.sqrt(v / correction) + epsilon)

        parameters = each(nadam, parameters, gradients, first, second)
    return parameters, {"slots": [first, second], "step": step, "product": product}


def _train(workload: Workload, scan: bool) -> Steps:
    parameters, statistics = _parameters(workload)
    carry = (parameters, statistics, slots(workload.optimizer, parameters), jax.random.key(1))
    x, y = workload.data()
    if workload.loss == "crossentropy":
        y = y.astype(np.int32)
    x = x.reshape(workload.batches, workload.batch, -1)
    y = y.reshape(workload.batches, workload.batch, *y.shape[1:])

    def step(carry: Any, batch: Any) -> tuple[Any, Any]:
        parameters, statistics, state, key = carry
        inputs, targets = batch
        key, own = jax.random.split(key)

        def loss_of(weights: Any) -> tuple[Any, Any]:
            logits, updated = _forward(workload, weights, statistics, inputs, own)
            return _loss(workload.loss, logits, targets), updated

        (loss, statistics), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
        parameters, state = update(workload.optimizer, parameters, gradients, state)
        return (parameters, statistics, state, key), loss

    def epoch(carry: Any, data: Any) -> tuple[Any, Any]:
        return lax.scan(step, carry, data)

    call = jax.jit(epoch if scan else step, donate_argnums=0)

    def advance(*data: Any) -> Any:
        nonlocal carry
        carry, loss = call(carry, data)
        return loss

    data = [(x, y)] if scan else list(zip(x, y, strict=True))
    return Steps(
        advance,
        jax.tree.map(jnp.asarray, data),
        granule=workload.batches if scan else 1,
        value=lambda loss: float(np.mean(loss)),
        finish=lambda: jax.block_until_ready(carry),
    )


def _predict(workload: Workload) -> Steps:
    parameters, statistics = _parameters(workload)

    def predict(weights: Any, inputs: Any) -> Any:
        logits = _forward(workload, weights, statistics, inputs, None)[0]
        return logits if workload.loss == "mse" else jax.nn.softmax(logits)

    call = jax.jit(predict)
    batches = [(batch,) for batch in split(workload.data()[0], workload.batch)]
    return Steps(lambda batch: np.asarray(call(parameters, batch)), batches)


def make(name: str, workload: Workload, threads: int) -> Steps:
    # XLA sizes its thread pool by the affinity mask, which the worker has set.
    if not workload.predict:
        return _train(workload, scan=name == "jax-scan")
    if name == "jax-scan":
        raise Unsupported("jax-jit does the same")
    return _predict(workload)
