"""What each op of the engine computes, in float64 NumPy: REFERENCES[op](inputs, attrs) -> list of outputs.

A state update returns the new values of the variables that it overwrites, in the order of OpDef::updates.
"""

from collections.abc import Callable, Mapping, Sequence
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Attrs = Mapping[str, Any]
Reference = Callable[[Sequence[Array], Attrs], list[Array]]

REFERENCES: dict[str, Reference] = {}
# Which inputs a state update overwrites.
UPDATED: dict[str, tuple[int, ...]] = {
    "assign": (0,),
    "assign_add": (0,),
    "assign_total": (0,),
    "accumulate": (0,),
    "assign_counter": (0,),
    "add_to_counter": (0,),
    "increment": (0,),
    "sgd": (0,),
    "sgd_momentum": (0, 2),
    "sgd_nesterov": (0, 2),
    "adam": (0, 2, 3),
    "nadam": (0, 2, 3),
    "sgdw": (0,),
    "sgdw_momentum": (0, 2),
    "sgdw_nesterov": (0, 2),
    "adamw": (0, 2, 3),
}


def reference(function: Reference) -> Reference:
    REFERENCES[function.__name__.rstrip("_")] = function
    return function


def simple(**functions: Callable[..., Any]) -> None:
    """Element-wise functions of the inputs alone."""
    for name, function in functions.items():
        REFERENCES[name] = lambda x, attrs, f=function: [np.asarray(f(*x), np.float64)]


def sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.logaddexp(x, 0)


error_function = np.vectorize(erf, otypes=[np.float64])


def inverse_error_function(y: Array) -> Array:
    """By Newton's method, from a start that is good enough (Winitzki 2008)."""
    y = np.asarray(y, np.float64)
    with np.errstate(all="ignore"):
        log = np.log1p(-y * y)
        half = 2 / (np.pi * 0.147) + log / 2
        x = np.sign(y) * np.sqrt(np.sqrt(half * half - log / 0.147) - half)
        for _ in range(4):
            x = x - (error_function(x) - y) * np.sqrt(np.pi) / 2 * np.exp(x * x)
        return np.where(np.abs(y) < 1, x, np.where(np.abs(y) == 1, y * np.inf, np.nan))


def normal_cdf(x: Array) -> Array:
    return (1 + error_function(x / np.sqrt(2))) / 2


def where_finite(values: Array, limit: Array | float) -> Array:
    """0 * infinity is 0 for the activations that end in a zero tail."""
    return np.where(np.isnan(values), limit, values)


simple(
    add=np.add,
    subtract=np.subtract,
    multiply=np.multiply,
    divide=np.divide,
    maximum=np.maximum,
    minimum=np.minimum,
    power=np.power,
    fmod=np.fmod,
    equal=np.equal,
    not_equal=np.not_equal,
    greater=np.greater,
    greater_equal=np.greater_equal,
    less=np.less,
    less_equal=np.less_equal,
    logical_and=np.logical_and,
    logical_or=np.logical_or,
    where=lambda c, a, b: np.where(c != 0, a, b),
    multiply_add=lambda a, b, c: a * b + c,
    lerp=lambda a, b, t: a + t * (b - a),
    copy=lambda x: x,
    stop_gradient=lambda x: x,
    negative=np.negative,
    absolute=np.abs,
    sign=np.sign,
    square=np.square,
    sqrt=np.sqrt,
    rsqrt=lambda x: 1 / np.sqrt(x),
    reciprocal=lambda x: 1 / x,
    exp=np.exp,
    log=np.log,
    log1p=np.log1p,
    expm1=np.expm1,
    erf=error_function,
    sin=np.sin,
    cos=np.cos,
    arctan=np.arctan,
    arcsin=np.arcsin,
    arccos=np.arccos,
    erfinv=lambda y: inverse_error_function(y),
    floor=np.floor,
    ceil=np.ceil,
    round=np.round,
    isnan=np.isnan,
    isfinite=np.isfinite,
    logical_not=np.logical_not,
    relu=lambda x: np.maximum(x, 0),
    relu_grad=lambda y, dy: np.where(y > 0, dy, 0),
    selu=lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    selu_grad=lambda y, dy: dy * np.where(y > 0, 1.0507009873554805, y + 1.7580993408473766),
    gelu=lambda x: x * normal_cdf(x),
    gelu_grad=lambda x, dy: dy * (normal_cdf(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)),
    gelu_tanh=lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    mish=lambda x: x * np.tanh(softplus(x)),
    mish_grad=lambda x, dy: dy * (np.tanh(softplus(x)) + x * sigmoid(x) / np.cosh(softplus(x)) ** 2),
    sigmoid=sigmoid,
    sigmoid_grad=lambda y, dy: y * (1 - y) * dy,
    tanh=np.tanh,
    tanh_grad=lambda y, dy: (1 - y * y) * dy,
    softplus=softplus,
    softplus_grad=lambda x, dy: sigmoid(x) * dy,
    softsign=lambda x: x / (1 + np.abs(x)),
    softsign_grad=lambda x, dy: dy / (1 + np.abs(x)) ** 2,
    hard_sigmoid=lambda x: np.clip(x + 3, 0, 6) / 6,
    hard_sigmoid_grad=lambda x, dy: np.where(np.abs(x) < 3, dy / 6, 0),
    hard_silu=lambda x: x * np.clip(x + 3, 0, 6) / 6,
    hard_silu_grad=lambda x, dy: dy * np.where(x >= 3, 1, np.where(x <= -3, 0, (2 * x + 3) / 6)),
    sigmoid_crossentropy=lambda z, t: softplus(z) - z * t,
    sigmoid_crossentropy_grad=lambda z, t, dloss: (sigmoid(z) - t) * dloss,
    normalize=lambda x, mean, inv_std, gamma, beta: (x - mean) * inv_std * gamma + beta,
)


@reference
def gelu_tanh_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    slope = np.sqrt(2 / np.pi)
    t = np.tanh(slope * (x[0] + 0.044715 * x[0] ** 3))
    return [x[1] * ((1 + t) / 2 + x[0] / 2 * (1 - t * t) * slope * (1 + 3 * 0.044715 * x[0] ** 2))]


@reference
def affine(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] * attrs["scale"] + attrs["offset"]]


@reference
def clip(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.clip(x[0], attrs["low"], attrs["high"])]


@reference
def clip_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.where((x[0] >= attrs["low"]) & (x[0] <= attrs["high"]), x[1], 0)]


@reference
def pow_scalar(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.power(x[0], float(attrs["exponent"]))]


@reference
def relu_general(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    low = attrs["negative_slope"] * (x[0] - attrs["threshold"])
    return [np.where(x[0] > attrs["threshold"], np.minimum(x[0], attrs["max_value"]), low)]


@reference
def relu_general_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    inside = np.where(x[0] < attrs["max_value"], x[1], 0)
    return [np.where(x[0] > attrs["threshold"], inside, attrs["negative_slope"] * x[1])]


@reference
def leaky_relu(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.where(x[0] >= 0, x[0], attrs["negative_slope"] * x[0])]


@reference
def leaky_relu_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[1] * np.where(x[0] >= 0, 1, attrs["negative_slope"])]


@reference
def elu(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.where(x[0] > 0, x[0], attrs["alpha"] * np.expm1(np.minimum(x[0], 0)))]


@reference
def elu_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[1] * np.where(x[0] > 0, 1, attrs["alpha"] * np.exp(np.minimum(x[0], 0)))]


@reference
def silu(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] * sigmoid(attrs.get("beta", 1.0) * x[0])]


@reference
def silu_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    beta = attrs.get("beta", 1.0)
    s = sigmoid(beta * x[0])
    return [x[1] * (s + beta * x[0] * s * (1 - s))]


def with_rows(attrs: Attrs, rows: int) -> Attrs:
    """Attributes for a batch of `rows`: shapes in them have None or -1 in place of the batch."""
    sizes = {name: attrs[name] for name in ("shape", "size") if name in attrs}
    return {**attrs, **{name: [rows if dim in (None, -1) else dim for dim in sizes[name]] for name in sizes}}


@reference
def reshape(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0].reshape(attrs["shape"])]


@reference
def broadcast_to(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.broadcast_to(x[0], attrs["shape"]).copy()]


@reference
def transpose(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.transpose(x[0], attrs["perm"]).copy()]


@reference
def batch_size(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.float64(x[0].shape[0])]


@reference
def one_hot(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [(x[0][..., None] == np.arange(attrs["classes"])).astype(np.float64)]


def in_pieces(function: Callable[..., Any], x: Array, piece: int) -> Array:
    flat = x.ravel()
    return np.array([function(flat[i : i + piece], axis=(0,), keepdims=False) for i in range(0, flat.size, piece)])


def reduction(name: str, function: Callable[..., Any]) -> None:
    def reference(x: Sequence[Array], attrs: Attrs) -> list[Array]:
        if "piece" in attrs:
            return [in_pieces(function, x[0], attrs["piece"])]
        return [
            np.asarray(function(x[0], axis=tuple(attrs["axes"]), keepdims=bool(attrs.get("keepdims", 0))), np.float64)
        ]

    REFERENCES[name] = reference


reduction("sum", np.sum)
reduction("mean", np.mean)
reduction("sum_squares", lambda x, axis, keepdims: np.sum(np.square(x), axis=axis, keepdims=keepdims))
reduction("sum_absolutes", lambda x, axis, keepdims: np.sum(np.abs(x), axis=axis, keepdims=keepdims))
REFERENCES["sum_absolutes_and_squares"] = lambda x, attrs: [
    REFERENCES[name](x, attrs)[0] for name in ("sum_absolutes", "sum_squares")
]
reduction("max", lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims, initial=-np.inf))
reduction("min", lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims, initial=np.inf))
reduction("prod", np.prod)
reduction("argmax", lambda x, axis, keepdims: np.argmax(x, axis=axis[0], keepdims=keepdims))


@reference
def spread(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    """Repeats what a reduction over these axes of the shape gave; a mean is shared out."""
    axes, shape = attrs["axes"], attrs["shape"]
    kept = tuple(1 if axis in axes else dim for axis, dim in enumerate(shape))
    count = np.prod([shape[axis] for axis in axes]) if attrs["mean"] else 1
    return [np.broadcast_to(x[0].reshape(kept), shape) / count]


@reference
def matmul(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    a, b = x[0], x[1]
    if attrs.get("transpose_a") and a.ndim > 2:
        a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    product = (a.T if attrs.get("transpose_a") else a) @ (b.T if attrs.get("transpose_b") else b)
    return [product + x[2] if len(x) == 3 else product]


@reference
def softmax(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    e = np.exp(x[0] - np.max(x[0], axis=-1, keepdims=True))
    return [e / e.sum(axis=-1, keepdims=True)]


@reference
def softmax_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    y, dy = x
    return [y * (dy - np.sum(dy * y, axis=-1, keepdims=True))]


@reference
def log_softmax(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.log(softmax(x, attrs)[0])]


@reference
def log_softmax_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    y, dy = x
    return [dy - np.exp(y) * np.sum(dy, axis=-1, keepdims=True)]


def class_weights(targets: Array, classes: int, attrs: Attrs) -> Array:
    return one_hot([targets], {"classes": classes})[0] if attrs["sparse"] else targets


@reference
def softmax_crossentropy(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    weights = class_weights(x[1], x[0].shape[-1], attrs)
    return [-np.sum(weights * log_softmax(x, {})[0], axis=-1), softmax(x, {})[0]]


@reference
def softmax_crossentropy_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    probs, targets, dloss = x
    weights = class_weights(targets, probs.shape[-1], attrs)
    return [(probs * weights.sum(axis=-1, keepdims=True) - weights) * dloss[..., None]]


def circle_terms(x: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array, Array]:
    """Which samples count for the own class and which for the others, z, and dz / ds."""
    embeddings, labels = x[:2]
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels
    own = same & ~np.eye(len(s), dtype=bool) if attrs["remove_diagonal"] else same
    distance = np.maximum(1 - s, 0)
    w = np.where(same, distance, 1 - distance)
    factor = np.maximum(w + attrs["margin"], 0)
    slope = np.where(same, -1, 1) * (factor + (factor > 0) * (w - attrs["margin"])) * (s <= 1)
    return own, ~same, attrs["gamma"] * factor * (w - attrs["margin"]), attrs["gamma"] * slope


@reference
def circle_loss(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    own, others, z, _ = circle_terms(x, attrs)
    p, n = (np.logaddexp.reduce(np.where(which, z, -1e30), axis=1, initial=-np.inf) for which in (own, others))
    return [softplus(p + n), p, n]


@reference
def circle_loss_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    own, others, z, slope = circle_terms(x, attrs)
    p, n, dloss = (values[:, None] for values in x[2:])
    pull = dloss * slope * (own * np.exp(z - p) + others * np.exp(z - n))
    return [(pull + pull.T) @ x[0]]


@reference
def batch_norm(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    vectors = list(x[1:])
    gamma = vectors.pop(0) if attrs.get("scale", 1) else 1.0
    beta = vectors.pop(0) if attrs.get("center", 1) else 0.0
    axes = tuple(range(x[0].ndim - 1))
    mean, variance = x[0].mean(axis=axes), x[0].var(axis=axes)
    inv_std = 1 / np.sqrt(variance + attrs["epsilon"])
    return [(x[0] - mean) * inv_std * gamma + beta, mean, variance, inv_std]


@reference
def batch_norm_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    values, mean, inv_std, dy = x[:4]
    gamma = x[4] if attrs.get("scale", 1) else 1.0
    axes = tuple(range(values.ndim - 1))
    standard = (values - mean) * inv_std
    dgamma, dbeta = np.sum(dy * standard, axis=axes), np.sum(dy, axis=axes)
    count = values.size // values.shape[-1]
    return [gamma * inv_std * (dy - (dbeta + standard * dgamma) / count), dgamma, dbeta]


@reference
def normalized_dense_gradients(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    values, mean, inv_std, gamma, beta, dz, w = x
    standard = (values - mean) * inv_std
    dy = dz @ w.T
    return [(gamma * standard + beta).T @ dz, np.sum(dy * standard, axis=0), np.sum(dy, axis=0)]


def philox(blocks: Array, seed: int, step: int) -> Array:
    """Philox4x32-10 (Salmon et al. 2011): the four words of each block with counter (block, step) and key seed."""
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [blocks & low, blocks >> shift]
    c += [np.full_like(blocks, step & 0xFFFFFFFF), np.full_like(blocks, step >> 32)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> shift) ^ c[1] ^ np.uint64(k0), p1 & low, (p0 >> shift) ^ c[3] ^ np.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def dropout_numbers(count: int, seed: int, step: int) -> Array:
    """The 16 random bits of each element: 64 share 8 blocks, first words 0 and 1 of all, then words 2 and 3."""
    groups = (count + 63) // 64
    words = philox(np.arange(8 * groups, dtype=np.uint64), seed, step).reshape(groups, 8, 2, 2).transpose(0, 2, 1, 3)
    halves = np.stack([words & np.uint64(0xFFFF), words >> np.uint64(16)], axis=-1)
    return halves.ravel()[:count].astype(np.int64)


@reference
def dropout(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    rate = attrs["rate"]
    if rate == 1:
        return [np.zeros_like(x[0])]
    threshold = int(np.float32(rate) * 65536 + 0.5)
    keep = dropout_numbers(x[0].size, int(attrs["seed"]), int(x[1])).reshape(x[0].shape) >= threshold
    return [np.where(keep, x[0] / (1 - rate), 0)]


@reference
def random_uniform(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    """64 elements share 16 blocks: words 0 and 1 of all of them, then their words 2 and 3; 24 bits each."""
    shape = attrs["shape"]
    groups = (int(np.prod(shape)) + 63) // 64
    words = philox(np.arange(16 * groups, dtype=np.uint64), int(attrs["seed"]), int(x[0]))
    words = words.reshape(groups, 16, 2, 2).transpose(0, 2, 1, 3).ravel()[: int(np.prod(shape))]
    return [(words >> np.uint64(8)).astype(np.float64).reshape(shape) / 2**24]


def window(attrs: Attrs, size: Sequence[int]) -> tuple[Any, ...]:
    return np.ix_(*[b + s * np.arange(n) for b, s, n in zip(attrs["begin"], attrs["step"], size, strict=True)])


@reference
def slice_(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0][window(attrs, attrs["size"])]]


@reference
def place(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    whole = np.zeros(attrs["shape"])
    whole[window(attrs, x[0].shape)] = x[0]
    return [whole]


@reference
def concatenate(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.concatenate(x, axis=attrs["axis"])]


@reference
def gather(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0][x[1].astype(int)]]


@reference
def scatter_add(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    total = np.zeros((attrs["rows"], *x[1].shape[x[0].ndim :]))
    np.add.at(total, x[0].astype(int), x[1])
    return [total]


@reference
def batched_matmul(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    a = np.swapaxes(x[0], -1, -2) if attrs.get("transpose_a") else x[0]
    b = np.swapaxes(x[1], -1, -2) if attrs.get("transpose_b") else x[1]
    return [a @ b]


@reference
def argsort(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    order = np.argsort(-x[0] if attrs.get("descending") else x[0], axis=-1, kind="stable")
    return [order[..., : attrs.get("count")].astype(np.float64)]


@reference
def take_along(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.take_along_axis(x[0], x[1].astype(int), axis=-1)]


@reference
def put_along(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    hits = x[0][..., None] == np.arange(attrs["width"])
    return [np.sum(hits * x[1][..., None], axis=-2)]


@reference
def cumsum(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.cumsum(x[0][..., ::-1], axis=-1)[..., ::-1] if attrs.get("reverse") else np.cumsum(x[0], axis=-1)]


@reference
def cumprod(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.cumprod(x[0], axis=-1)]


@reference
def cumprod_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    """From the definition: y_j has every factor up to j, each of them left out once."""
    values, dy = x
    gradient = np.zeros_like(values)
    for i in range(values.shape[-1]):
        others = np.concatenate([values[..., :i], np.ones_like(values[..., :1]), values[..., i + 1 :]], axis=-1)
        gradient[..., i] = np.sum((dy * np.cumprod(others, axis=-1))[..., i:], axis=-1)
    return [gradient]


@reference
def prod_grad(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    axes = tuple(attrs["axes"])
    kept = [1 if axis in axes else dim for axis, dim in enumerate(x[0].shape)]
    flat = np.moveaxis(x[0], axes, range(-len(axes), 0)) if axes else x[0][..., None]
    lead = flat.shape[: flat.ndim - max(len(axes), 1)]
    factors = flat.reshape(*lead, -1)
    others = np.stack([np.prod(np.delete(factors, i, axis=-1), axis=-1) for i in range(factors.shape[-1])], axis=-1)
    slopes = others.reshape(flat.shape)
    slopes = np.moveaxis(slopes, range(-len(axes), 0), axes) if axes else slopes[..., 0]
    return [slopes * x[1].reshape(kept)]


# State updates.


@reference
def assign(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.broadcast_to(x[1], x[0].shape).copy()]


@reference
def assign_add(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] + x[1]]


REFERENCES["assign_total"] = assign
REFERENCES["accumulate"] = assign_add
REFERENCES["read_total"] = REFERENCES["read_counter"] = lambda x, attrs: [np.float64(x[0])]


@reference
def assign_counter(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [np.int64(np.round(x[1]))]


@reference
def add_to_counter(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] + np.int64(np.round(x[1]))]


@reference
def increment(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] + 1]


@reference
def sgd(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    return [x[0] - x[2] * x[1]]


@reference
def sgd_momentum(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    velocity = x[4] * x[2] - x[3] * x[1]
    return [x[0] + velocity, velocity]


@reference
def sgd_nesterov(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    velocity = x[4] * x[2] - x[3] * x[1]
    return [x[0] + x[4] * velocity - x[3] * x[1], velocity]


@reference
def adam(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    w, g, m, v, rate, alpha = x
    m = (1 - alpha) * m + alpha * g
    v = attrs["beta_2"] * v + (1 - attrs["beta_2"]) * g * g
    return [w - rate * m / (np.sqrt(v) + attrs["epsilon"]), m, v]


def after_decay(update: Reference) -> Reference:
    """The update of weights of which the last operand was taken off before."""
    return lambda x, attrs: update([x[0] - x[-1] * x[0], *x[1:-1]], attrs)


DECAYED = {"sgdw": sgd, "sgdw_momentum": sgd_momentum, "sgdw_nesterov": sgd_nesterov, "adamw": adam}
REFERENCES.update({name: after_decay(update) for name, update in DECAYED.items()})


@reference
def nadam(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    w, g, m, v, m_rate, g_rate, epsilon = x
    m = attrs["beta_1"] * m + (1 - attrs["beta_1"]) * g
    v = attrs["beta_2"] * v + (1 - attrs["beta_2"]) * g * g
    return [w - (m_rate * m + g_rate * g) / (np.sqrt(v) + epsilon), m, v]


@reference
def nadam_rates(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    rate, iterations, product = x
    u, next_u = (attrs["beta_1"] * (1 - 0.5 * 0.96 ** (iterations + i)) for i in (1, 2))
    product = product * u
    c = np.sqrt(1 - attrs["beta_2"] ** (iterations + 1))
    return [
        rate * c * next_u / (1 - product * next_u),
        rate * c * (1 - u) / (1 - product),
        c * attrs["epsilon"],
        product,
    ]


@reference
def adam_rate(x: Sequence[Array], attrs: Attrs) -> list[Array]:
    t = x[1] + 1
    return [x[0] * np.sqrt(1 - attrs["beta_2"] ** t) / (1 - (1 - x[2]) ** t)]
