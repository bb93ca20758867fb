"""Activation functions, by name or as functions of a tensor.

Sources of the formulas: leaky_relu, Maas et al. 2013; elu, Clevert et al. 2016; selu, Klambauer et al. 2017;
gelu, Hendrycks & Gimpel 2016; silu (swish), Ramachandran et al. 2017; mish, Misra 2019; celu, Barron 2017;
hard_silu, Howard et al. 2019; squareplus, Barron 2021; glu, Dauphin et al. 2017; sparsemax, Martins & Astudillo 2016.
"""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine._registry import Registry


def linear(x: Any) -> Any:
    """x itself"""
    return ops.convert_to_tensor(x)


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x from `threshold` on (at most `max_value`), negative_slope * (x - threshold) below; max(x, 0) by default"""
    if max_value is None and threshold == 0:
        return ops.relu(x) if negative_slope == 0 else ops.leaky_relu(x, negative_slope)
    return ops.relu_general(x, negative_slope, max_value, threshold)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)"""
    return ops.relu6(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x if x > 0, else negative_slope * x"""
    return ops.leaky_relu(x, negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x if x > 0, else alpha * (exp(x) - 1)"""
    return ops.elu(x, alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x if x > 0, else alpha * (exp(x / alpha) - 1)"""
    return ops.celu(x, alpha)


def selu(x: Any) -> Any:
    """1.0507009873554805 * elu(x, 1.6732632423543772)"""
    return ops.selu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x * Phi(x) with the normal distribution function, exact by default; `approximate` takes the tanh form."""
    return ops.gelu(x, approximate)


def silu(x: Any) -> Any:
    """x * sigmoid(x)"""
    return ops.silu(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))"""
    return ops.mish(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))"""
    return ops.sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))"""
    return ops.log_sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6"""
    return ops.hard_sigmoid(x)


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x)"""
    return ops.hard_silu(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent"""
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """min(max(x, -1), 1)"""
    return ops.hard_tanh(x)


def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)"""
    return ops.tanh_shrink(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x))"""
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """x / (1 + |x|)"""
    return ops.softsign(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`"""
    return ops.softmax(x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along `axis`"""
    return ops.log_softmax(x, axis)


def exponential(x: Any) -> Any:
    """e ** x"""
    return ops.exp(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0"""
    return ops.hard_shrink(x, threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x - clip(x, -threshold, threshold)"""
    return ops.soft_shrink(x, threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where x > threshold, else default_value"""
    return ops.threshold(x, threshold, default_value)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2"""
    return ops.squareplus(x, b)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)^2 / 4 up to 1, then x"""
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Any:
    """min(max((x + 1) / 2, 0), 1)"""
    return ops.sparse_sigmoid(x)


def glu(x: Any, axis: int = -1) -> Any:
    """a * sigmoid(b), where a and b are the two halves of x along `axis`"""
    return ops.glu(x, axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """max(x - tau, 0) along `axis`, with the tau that makes the sum 1: a softmax with exact zeros. (In Keras 3.15.1 the
    sum is 1 only where a single value stays positive.)"""
    return ops.sparsemax(x, axis)


swish = silu
hard_swish = hard_silu

_registry = Registry(
    "activation",
    "keras.layers",
    functions=(
        celu, elu, exponential, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, linear,
        log_sigmoid, log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, softsign,
        sparse_plus, sparse_sigmoid, sparsemax, squareplus, tanh, tanh_shrink, threshold,
    ),
    aliases={"swish": silu, "hard_swish": hard_silu},
)  # fmt: skip
functions = _registry.functions
deserialize = _registry.deserialize


def get(identifier: Any) -> Any:
    """An activation from a name, a configuration, a layer or a callable; None is `linear`.

    Raises ValueError, with the nearest names, for a name that does not exist.
    """
    return linear if identifier is None else _registry.get(identifier)


def serialize(activation: Any) -> Any:
    """The name of one of ravine's activations; for layers and other functions their configuration."""
    name = getattr(activation, "__name__", None)
    return name if name is not None and functions.get(name) is activation else _registry.serialize(activation)
