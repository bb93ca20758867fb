"""Neural-network functions: activations, matrix products, normalization and the cross-entropies.

Activation formulas: `ravine.activations` names their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import math, rearrangement, reduction, selection, shapes, splitting
from ravine.ops._dtypes import axis_of, common, listed, shape_of
from ravine.ops.tracing import apply


def relu(x: Any) -> Any:
    """max(x, 0); the gradient at 0 is 0."""
    return apply("relu", [x], dtype=common(x))


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
    """x * sigmoid(beta * x); Keras has no `beta`."""
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


def hard_tanh(x: Any) -> Any:
    """min(max(x, -1), 1)"""
    return math.clip(x, -1.0, 1.0)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0"""
    return math.where(math.greater(math.absolute(x), float(threshold)), x, 0.0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved by the threshold towards 0, and 0 where it is nearer than that"""
    return math.subtract(x, math.clip(x, -float(threshold), float(threshold)))


def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)"""
    return math.subtract(x, tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where it is greater than the threshold, else the default value"""
    return math.where(math.greater(x, float(threshold)), x, float(default_value))


def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)^2 / 4 up to 1, x beyond"""
    near = math.clip(x, -1.0, 1.0)
    return math.add(math.multiply(math.square(math.add(near, 1.0)), 0.25), relu(math.subtract(x, 1.0)))


def sparse_sigmoid(x: Any) -> Any:
    """min(max((x + 1) / 2, 0), 1)"""
    return math.multiply(math.add(math.clip(x, -1.0, 1.0), 1.0), 0.5)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2 (Barron 2021)"""
    return math.multiply(math.add(x, math.sqrt(math.add(math.square(x), float(b)))), 0.5)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of `axis` times the sigmoid of the second (Dauphin et al. 2017)"""
    rank = len(shape_of(x))
    size = shape_of(x)[axis_of(axis, rank)]
    if size is None or size % 2:
        raise ValueError(f"ops.glu: expected an even number of values at axis {axis}, received shape {shape_of(x)}.")
    first, second = splitting.split(x, 2, axis)
    return math.multiply(first, sigmoid(second))


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest probabilities to x along `axis`, many of them 0 (Martins & Astudillo 2016, algorithm 1). They sum
    to 1; those of Keras 3.15.1 do so only where a single one is left."""
    rank = len(shape_of(x))
    place = axis_of(axis, rank)
    x = shapes.moveaxis(x, place, -1)
    count = shape_of(x)[-1]
    ordered = rearrangement.flip(selection.sort(x, -1), -1)
    sums = reduction.cumsum(ordered, -1)
    ranks = np.arange(1, count + 1, dtype=np.float32)
    chosen = math.greater(math.add(math.multiply(ordered, ranks), 1.0), sums)
    support = reduction.sum(chosen, -1, True)
    top = math.equal(ranks, support)
    limit = math.divide(math.subtract(reduction.sum(math.where(top, sums, 0.0), -1, True), 1.0), support)
    return shapes.moveaxis(relu(math.subtract(x, limit)), -1, place)


def softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`, or over several axes"""
    return _along_last("softmax", x, axis)


def log_softmax(x: Any, axis: int | Sequence[int] = -1) -> Any:
    """log(softmax(x)) along `axis`, or over several axes, without overflow"""
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


def normalize(x: Any, axis: int | None = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its length along `axis`, the length being at least epsilon (by default that of ``keras.config``)"""
    least = _least(epsilon)
    if order == 2:
        total = reduction.sum(math.square(x), axis, True)
        return math.multiply(x, math.rsqrt(math.maximum(total, least * least)))
    return math.divide(x, math.maximum(reduction.norm(x, order, axis, True), least))


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: int | Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta with the statistics of each sample over `axis` (Ba et al.
    2016); epsilon is that of ``keras.config`` by default."""
    mean, variance = moments(x, axis, keepdims=True)
    y = math.multiply(math.subtract(x, mean), math.rsqrt(math.add(variance, _least(epsilon))))
    y = y if gamma is None else math.multiply(y, _along(gamma, x, axis))
    return y if beta is None else math.add(y, _along(beta, x, axis))


def rms_normalization(x: Any, scale: Any = None, axis: int | Any = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean(x^2) + epsilon) * scale over `axis` (Zhang & Sennrich 2019); epsilon as in `layer_normalization`"""
    square = reduction.mean(math.square(x), axis, True)
    y = math.multiply(x, math.rsqrt(math.add(square, _least(epsilon))))
    return y if scale is None else math.multiply(y, _along(scale, x, axis))


def _least(epsilon: float | None) -> float:
    from ravine import config

    return float(config.epsilon() if epsilon is None else epsilon)


def _along(factor: Any, x: Any, axis: int | Any) -> Any:
    """A factor with the sizes of the axes, in their order, shaped to be broadcast over x."""
    rank = len(shape_of(x))
    axes = reduction.axes_of(axis, rank)
    if len(shape_of(factor)) != len(axes):
        return factor
    sizes = iter(shape_of(factor))
    return shapes.reshape(factor, [next(sizes) if i in axes else 1 for i in range(axes[0], rank)])


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """The mean and the variance (divided by N) over `axes`; there is but one device to be `synchronized`"""
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


def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """The ratio of the largest possible value to the noise between two signals, in decibels:
    20 log10(max_val) - 10 log10(mean((x1 - x2)^2))"""
    if shape_of(x1) != shape_of(x2):
        raise ValueError(f"ops.psnr: expected equal shapes, received {shape_of(x1)} and {shape_of(x2)}.")
    noise = reduction.mean(math.square(math.subtract(x1, x2)))
    return math.subtract(math.multiply(math.log10(max_val), 20.0), math.multiply(math.log10(noise), 10.0))


def _along_last(op: str, x: Any, axis: int | Sequence[int]) -> Any:
    sizes = shape_of(x)
    axes = [axis_of(i, len(sizes)) for i in listed(axis)]
    order = [*(i for i in range(len(sizes)) if i not in axes), *axes]
    back = np.argsort(order).tolist()
    moved = shapes.transpose(x, order)
    if len(axes) == 1:
        return shapes.transpose(apply(op, [moved]), back)
    lead = [sizes[i] for i in order[: -len(axes)]]
    rows = apply(op, [shapes.reshape(moved, [*lead, prod(sizes[i] for i in axes)])])
    return shapes.transpose(shapes.reshape(rows, [sizes[i] for i in order]), back)
