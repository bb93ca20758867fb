"""Neural-network functions: activations, matrix products, normalization and the cross-entropies.

Activation formulas: `ravine.activations` names their sources.
"""

from __future__ import annotations

from typing import Any

from ravine.ops import math, reduction, shapes
from ravine.ops._dtypes import axis_of, shape_of
from ravine.ops.trace import apply


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product: (..., K) times (K, N) gives (..., N). Vectors count as a row (x1) or a column (x2)."""
    first, second = shape_of(x1), shape_of(x2)
    if len(first) == 0 or len(second) not in (1, 2):
        raise ValueError(
            f"ops.matmul: expected shapes (..., K) and (K, N), received {first} and {second}: "
            f"the second operand must be a matrix or a vector."
        )
    if len(second) == 1:
        return shapes.squeeze(matmul(x1, shapes.expand_dims(x2, -1)), -1)
    if len(first) == 1:
        return shapes.squeeze(matmul(shapes.expand_dims(x1, 0), x2), 0)
    return apply("matmul", [x1, x2])


dot = matmul


def relu(x: Any) -> Any:
    """max(x, 0); the gradient at 0 is 0."""
    return apply("relu", [x])


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)"""
    return relu_general(x, 0.0, 6.0, 0.0)


def relu_general(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """negative_slope * (x - threshold) below the threshold, else min(x, max_value)"""
    limit = float("inf") if max_value is None else float(max_value)
    attrs = {"negative_slope": float(negative_slope), "max_value": limit, "threshold": float(threshold)}
    return apply("relu_general", [x], attrs)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x if x > 0, else negative_slope * x"""
    return apply("leaky_relu", [x], {"negative_slope": float(negative_slope)})


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x if x > 0, else alpha * (exp(x) - 1)"""
    return apply("elu", [x], {"alpha": float(alpha)})


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x if x > 0, else alpha * (exp(x / alpha) - 1)"""
    if alpha == 1.0:
        return elu(x)
    below = math.multiply(math.expm1(math.divide(math.minimum(x, 0.0), alpha)), alpha)
    return math.add(relu(x), below)


def selu(x: Any) -> Any:
    """scale * elu(x, alpha) with the two constants that keep activations at mean 0 and variance 1"""
    return apply("selu", [x])


def gelu(x: Any, approximate: bool = True) -> Any:
    """x * Phi(x), with the normal distribution function; `approximate` takes the tanh form. As in Keras, the op
    approximates by default and the activation ``gelu`` does not."""
    return apply("gelu_tanh" if approximate else "gelu", [x])


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))"""
    return apply("sigmoid", [x])


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = -softplus(-x)"""
    return math.negative(softplus(math.negative(x)))


def tanh(x: Any) -> Any:
    """The hyperbolic tangent"""
    return apply("tanh", [x])


def silu(x: Any, beta: float = 1.0) -> Any:
    """x * sigmoid(beta * x)"""
    return apply("silu", [x], {"beta": float(beta)})


swish = silu


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))"""
    return apply("mish", [x])


def softplus(x: Any) -> Any:
    """log(1 + exp(x))"""
    return apply("softplus", [x])


def softsign(x: Any) -> Any:
    """x / (1 + |x|)"""
    return apply("softsign", [x])


def hard_sigmoid(x: Any) -> Any:
    """min(max(x / 6 + 1 / 2, 0), 1)"""
    return apply("hard_sigmoid", [x])


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x)"""
    return apply("hard_silu", [x])


hard_swish = hard_silu


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`"""
    return _along_last("softmax", x, axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along `axis`, without overflow"""
    return _along_last("log_softmax", x, axis)


def softmax_crossentropy(target: Any, logits: Any, sparse: bool) -> Any:
    """The cross-entropy of softmax(logits) along the last axis, per row: shape (..., C) -> (...).

    Args:
        target: class indices of shape (...) when `sparse`, else probabilities of shape (..., C).
    """
    return apply("softmax_crossentropy", [logits, target], {"sparse": int(sparse)})[0]


def sigmoid_crossentropy(target: Any, logits: Any) -> Any:
    """The cross-entropy of sigmoid(logits), element by element: max(x, 0) - x * y + log(1 + exp(-|x|))"""
    return apply("sigmoid_crossentropy", [logits, target])


def normalize(x: Any, axis: int | None = -1, order: int = 2, epsilon: float = 1e-12) -> Any:
    """x divided by its length along `axis`, the length being at least sqrt(epsilon) (order 2) or epsilon"""
    if order == 2:
        total = reduction.sum(math.square(x), axis, True)
        return math.multiply(x, math.rsqrt(math.maximum(total, epsilon)))
    return math.divide(x, math.maximum(reduction.norm(x, order, axis, True), epsilon))


def moments(x: Any, axes: Any, keepdims: bool = False) -> tuple[Any, Any]:
    """The mean and the variance (divided by N) over `axes`"""
    return reduction.mean(x, axes, keepdims), reduction.var(x, axes, keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with one value of each for every position along `axis`
    (Ioffe & Szegedy 2015). For the statistics of a batch see `moments`."""
    rank = len(shape_of(x))
    axis = axis_of(axis, rank)

    def along_axis(vector: Any) -> Any:
        return shapes.reshape(vector, [-1 if i == axis else 1 for i in range(axis, rank)])

    factor = math.rsqrt(math.add(variance, epsilon))
    if scale is not None:
        factor = math.multiply(factor, scale)
    y = math.multiply(math.subtract(x, along_axis(mean)), along_axis(factor))
    return y if offset is None else math.add(y, along_axis(offset))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """The cross-entropy of probabilities (clipped to [1e-7, 1 - 1e-7]) or logits, element by element"""
    if from_logits:
        return sigmoid_crossentropy(target, output)
    p = math.clip(output, 1e-7, 1 - 1e-7)
    hit = math.multiply(target, math.log(p))
    return math.negative(math.add(hit, math.multiply(math.subtract(1.0, target), math.log(math.subtract(1.0, p)))))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """As `ravine.losses.categorical_crossentropy`: one loss per row"""
    from ravine import losses

    return losses.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """As `ravine.losses.sparse_categorical_crossentropy`: one loss per row"""
    from ravine import losses

    return losses.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def _along_last(op: str, x: Any, axis: int) -> Any:
    rank = len(shape_of(x))
    axis = axis_of(axis, rank)
    if axis == rank - 1:
        return apply(op, [x])
    return shapes.moveaxis(apply(op, [shapes.moveaxis(x, axis, -1)]), -1, axis)
