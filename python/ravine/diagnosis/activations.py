"""What is known about activation functions: which one made a tensor, where it is flat, which weights it wants."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.ops.tracing import SymbolicTensor

_BY_OP = {
    "relu": "relu",
    "relu_general": "relu",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "gelu_tanh": "gelu",
    "silu": "silu",
    "mish": "mish",
    "sigmoid": "sigmoid",
    "hard_sigmoid": "hard_sigmoid",
    "tanh": "tanh",
    "softsign": "softsign",
    "softplus": "softplus",
    "softmax": "softmax",
}

# Hidden units want weights of variance `numerator` / fan: He et al. 2015 for what is about the identity above 0 and
# about 0 below, LeCun et al. 1998 for SELU (Klambauer et al. 2017), Glorot & Bengio 2010 for the rest.
_HE = ("he_normal", 2.0, "fan_in")
_LECUN = ("lecun_normal", 1.0, "fan_in")
_GLOROT = ("glorot_uniform", 1.0, "fan_avg")
_WANTED = {
    **dict.fromkeys(("relu", "leaky_relu", "prelu", "rrelu", "elu", "gelu", "silu", "mish", "softplus"), _HE),
    "selu": _LECUN,
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "tanh", "softsign"), _GLOROT),
}

# The output from which on the slope is less than 5 % of the largest slope: (middle, distance).
_FLAT = {
    "sigmoid": (0.5, 0.4873397),  # y (1 - y) < 0.05 / 4
    "tanh": (0.0, 0.9746794),  # 1 - y^2 < 0.05
    "softsign": (0.0, 0.7763932),  # (1 - |y|)^2 < 0.05
    "hard_sigmoid": (0.5, 0.4999999),
}


def activation_of(layer: Any, output: SymbolicTensor) -> str | None:
    """The name of the activation that made `output`; None for a linear or an unknown function."""
    produced = output.producer()
    while produced is not None and produced[0] == "copy":
        produced = produced[1][0].producer()
    if produced is not None and produced[0] in _BY_OP:
        return _BY_OP[produced[0]]
    for function in (layer, getattr(layer, "activation", None)):
        name = getattr(function, "__name__", type(function).__name__).lower()
        if name in _WANTED:
            return name
    return None


def wanted_variance(activation: str | None) -> tuple[str, float, str] | None:
    """The initializer that suits a hidden layer with this activation: name, variance times fan, and which fan."""
    return _WANTED.get(activation or "")


def saturated(activation: str | None, output: SymbolicTensor) -> Any:
    """The share of values where the activation is flat; None for activations without such ends."""
    if activation not in _FLAT:
        return None
    middle, distance = _FLAT[activation]
    return ops.mean(ops.cast(ops.greater(ops.abs(ops.subtract(output, middle)), distance), "float32"))
