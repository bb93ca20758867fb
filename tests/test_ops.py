"""Every public function of ravine.ops: eager and traced results against float64 NumPy."""

import inspect
import math
from collections.abc import Callable

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import Variable, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3, 5))
Y = RNG.normal(size=(4, 3, 5))
POSITIVE = np.abs(X) + 0.1
FLAGS = X > 0
ODD = np.where(X > 1, np.inf, np.where(X < -1, np.nan, X))
ROW = RNG.normal(size=(5,))


def softplus(x):
    return np.logaddexp(0, x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


erf = np.vectorize(math.erf)
one_hot = np.eye(5)[[1, 4, 0, 2]]

# name -> (operands, the op applied to them, the same in NumPy)
CASES = {
    "abs": ([X], ops.abs, np.abs),
    "absolute": ([X], ops.absolute, np.abs),
    "add": ([X, Y], ops.add, np.add),
    "all": ([FLAGS], lambda x: ops.all(x, axis=1), lambda x: x.astype(bool).all(1)),
    "amax": ([X], lambda x: ops.amax(x, axis=-1), lambda x: x.max(-1)),
    "amin": ([X], lambda x: ops.amin(x, axis=-1), lambda x: x.min(-1)),
    "any": ([FLAGS], lambda x: ops.any(x, axis=-1), lambda x: x.astype(bool).any(-1)),
    "arctan": ([X], ops.arctan, np.arctan),
    "argmax": ([X], lambda x: ops.argmax(x, axis=-1), lambda x: x.argmax(-1)),
    "argmin": ([X], lambda x: ops.argmin(x, axis=1), lambda x: x.argmin(1)),
    "batch_size": ([X], ops.batch_size, lambda x: len(x)),
    "broadcast_to": ([X[:, :1]], lambda x: ops.broadcast_to(x, (x.shape[0], 3, 5)), lambda x: x + np.zeros((4, 3, 5))),
    "cast": ([X * 3], lambda x: ops.cast(x, "int32"), np.trunc),
    "ceil": ([X], ops.ceil, np.ceil),
    "celu": ([X], lambda x: ops.celu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5))),
    "clip": ([X], lambda x: ops.clip(x, -0.5, 0.7), lambda x: np.clip(x, -0.5, 0.7)),
    "convert_to_tensor": ([X], ops.convert_to_tensor, lambda x: x),
    "cos": ([X], ops.cos, np.cos),
    "divide": ([X, POSITIVE], ops.divide, np.divide),
    "divide_no_nan": ([X, np.maximum(Y, 0)], ops.divide_no_nan, lambda x, y: np.where(y == 0, 0, x / (y + (y == 0)))),
    "dot": ([X[:, 0], ROW], ops.dot, np.dot),
    "elu": ([X], lambda x: ops.elu(x, 1.3), lambda x: elu(x, 1.3)),
    "equal": ([np.round(X), np.round(Y)], ops.equal, np.equal),
    "erf": ([X], ops.erf, erf),
    "erfinv": ([erf(X)], ops.erfinv, lambda y: X),
    "exp": ([X], ops.exp, np.exp),
    "expand_dims": ([X], lambda x: ops.expand_dims(x, 2), lambda x: x[:, :, None]),
    "expm1": ([X], ops.expm1, np.expm1),
    "floor": ([X], ops.floor, np.floor),
    "floor_divide": ([X, POSITIVE], ops.floor_divide, np.floor_divide),
    "full_like": ([X], lambda x: ops.full_like(x, 2.5), lambda x: np.full_like(x, 2.5)),
    "gelu": ([X], lambda x: ops.gelu(x, approximate=False), lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2)))),
    "greater": ([X, Y], ops.greater, np.greater),
    "greater_equal": ([X, Y], ops.greater_equal, np.greater_equal),
    "hard_sigmoid": ([X * 4], ops.hard_sigmoid, lambda x: np.clip(x + 3, 0, 6) / 6),
    "hard_silu": ([X * 4], ops.hard_silu, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "hard_swish": ([X * 4], ops.hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "isfinite": ([ODD], ops.isfinite, np.isfinite),
    "isnan": ([ODD], ops.isnan, np.isnan),
    "leaky_relu": ([X], ops.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x)),
    "less": ([X, Y], ops.less, np.less),
    "less_equal": ([X, Y], ops.less_equal, np.less_equal),
    "log": ([POSITIVE], ops.log, np.log),
    "log10": ([POSITIVE], ops.log10, np.log10),
    "log1p": ([POSITIVE], ops.log1p, np.log1p),
    "log2": ([POSITIVE], ops.log2, np.log2),
    "log_sigmoid": ([X], ops.log_sigmoid, lambda x: -softplus(-x)),
    "log_softmax": ([X], ops.log_softmax, lambda x: np.log(softmax(x))),
    "logical_and": ([FLAGS, Y > 0], ops.logical_and, np.logical_and),
    "logical_not": ([FLAGS], ops.logical_not, np.logical_not),
    "logical_or": ([FLAGS, Y > 0], ops.logical_or, np.logical_or),
    "logsumexp": ([X * 50], lambda x: ops.logsumexp(x, axis=-1), lambda x: np.logaddexp.reduce(x, -1)),
    "matmul": ([X], lambda x: ops.matmul(x, Y[0].T), lambda x: x @ Y[0].T),
    "max": ([X], lambda x: ops.max(x, axis=(1, 2)), lambda x: x.max((1, 2))),
    "maximum": ([X, Y], ops.maximum, np.maximum),
    "mean": ([X], lambda x: ops.mean(x, axis=1, keepdims=True), lambda x: x.mean(1, keepdims=True)),
    "min": ([X], ops.min, np.min),
    "minimum": ([X, Y], ops.minimum, np.minimum),
    "mish": ([X], ops.mish, lambda x: x * np.tanh(softplus(x))),
    "mod": ([X, POSITIVE], ops.mod, np.mod),
    "moments": ([X], lambda x: ops.moments(x, -1)[1], lambda x: x.var(-1)),
    "moveaxis": ([X], lambda x: ops.moveaxis(x, 1, -1), lambda x: np.moveaxis(x, 1, -1)),
    "multiply": ([X, Y], ops.multiply, np.multiply),
    "negative": ([X], ops.negative, np.negative),
    "norm": ([X], lambda x: ops.norm(x, axis=-1), lambda x: np.linalg.norm(x, axis=-1)),
    "normalize": ([X], ops.normalize, lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)),
    "not_equal": ([np.round(X), np.round(Y)], ops.not_equal, np.not_equal),
    "one_hot": ([np.array([1, 4, 0, 2])], lambda x: ops.one_hot(x, 5), lambda x: one_hot),
    "ones_like": ([ODD], ops.ones_like, np.ones_like),
    "power": ([POSITIVE, Y], ops.power, np.power),
    "prod": ([X], lambda x: ops.prod(x, axis=-1), lambda x: x.prod(-1)),
    "ravel": ([X[:, 0, :1]], ops.ravel, np.ravel),
    "reciprocal": ([POSITIVE], ops.reciprocal, np.reciprocal),
    "relu": ([X], ops.relu, lambda x: np.maximum(x, 0)),
    "relu6": ([X * 9], ops.relu6, lambda x: np.clip(x, 0, 6)),
    "relu_general": (
        [X * 3],
        lambda x: ops.relu_general(x, 0.1, 2.0, 1.0),
        lambda x: np.where(x < 1, 0.1 * (x - 1), np.minimum(x, 2)),
    ),
    "reshape": ([X], lambda x: ops.reshape(x, (-1, 5, 3)), lambda x: x.reshape(-1, 5, 3)),
    "round": ([X * 10], lambda x: ops.round(x, 1), lambda x: np.round(x, 1)),
    "rsqrt": ([POSITIVE], ops.rsqrt, lambda x: 1 / np.sqrt(x)),
    "selu": ([X], ops.selu, lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772)),
    "sigmoid": ([X], ops.sigmoid, sigmoid),
    "sigmoid_crossentropy": ([FLAGS, X], ops.sigmoid_crossentropy, lambda y, x: softplus(x) - x * y),
    "sign": ([np.round(X)], ops.sign, np.sign),
    "silu": ([X], lambda x: ops.silu(x, 1.5), lambda x: x * sigmoid(1.5 * x)),
    "sin": ([X], ops.sin, np.sin),
    "softmax": ([X], lambda x: ops.softmax(x, axis=1), lambda x: softmax(x, 1)),
    "softmax_crossentropy": (
        [np.array([1, 4, 0, 2]), X[:, 0]],
        lambda y, x: ops.softmax_crossentropy(y, x, sparse=True),
        lambda y, x: -np.log((softmax(x) * one_hot).sum(-1)),
    ),
    "softplus": ([X], ops.softplus, softplus),
    "softsign": ([X], ops.softsign, lambda x: x / (1 + np.abs(x))),
    "sqrt": ([POSITIVE], ops.sqrt, np.sqrt),
    "square": ([X], ops.square, np.square),
    "squeeze": ([X[:, :1]], lambda x: ops.squeeze(x, 1), lambda x: x[:, 0]),
    "std": ([X], lambda x: ops.std(x, axis=1), lambda x: x.std(1)),
    "stop_gradient": ([X], ops.stop_gradient, lambda x: x),
    "subtract": ([X, Y], ops.subtract, np.subtract),
    "sum": ([X], lambda x: ops.sum(x, axis=(0, 2)), lambda x: x.sum((0, 2))),
    "swapaxes": ([X], lambda x: ops.swapaxes(x, 1, 2), lambda x: np.swapaxes(x, 1, 2)),
    "swish": ([X], ops.swish, lambda x: x * sigmoid(x)),
    "tanh": ([X], ops.tanh, np.tanh),
    "transpose": ([X], lambda x: ops.transpose(x, (0, 2, 1)), lambda x: x.transpose(0, 2, 1)),
    "true_divide": ([X, POSITIVE], ops.true_divide, np.divide),
    "var": ([X], ops.var, np.var),
    "where": ([FLAGS, X, Y], ops.where, np.where),
    "zeros_like": ([ODD], ops.zeros_like, np.zeros_like),
}
UNIT = np.tanh(X)
CASES.update(
    {
        "arccos": ([UNIT], ops.arccos, np.arccos),
        "arccosh": ([1 + POSITIVE * 9], ops.arccosh, np.arccosh),
        "arcsin": ([UNIT], ops.arcsin, np.arcsin),
        "arcsinh": ([X * 9], ops.arcsinh, np.arcsinh),
        "arctan2": ([np.round(X), np.round(Y)], ops.arctan2, lambda y, x: np.arctan2(y + 0.0, x + 0.0)),
        "arctanh": ([UNIT], ops.arctanh, np.arctanh),
        "average": ([X], lambda x: ops.average(x, 1, [1.0, 2.0, 3.0]), lambda x: np.average(x, 1, [1, 2, 3])),
        "cosh": ([X], ops.cosh, np.cosh),
        "count_nonzero": ([np.round(X)], lambda x: ops.count_nonzero(x, 1), lambda x: np.count_nonzero(x, 1)),
        "cumprod": ([X], lambda x: ops.cumprod(x, -1), lambda x: np.cumprod(x, -1)),
        "cumsum": ([X], lambda x: ops.cumsum(x, 1), lambda x: np.cumsum(x, 1)),
        "deg2rad": ([X], ops.deg2rad, np.deg2rad),
        "diff": ([X], lambda x: ops.diff(x, 2, axis=1), lambda x: np.diff(x, 2, axis=1)),
        "exp2": ([X], ops.exp2, np.exp2),
        "glu": ([X[..., :4]], ops.glu, lambda x: x[..., :2] * sigmoid(x[..., 2:])),
        "hard_shrink": ([X], ops.hard_shrink, lambda x: np.where(np.abs(x) > 0.5, x, 0)),
        "hard_tanh": ([X], ops.hard_tanh, lambda x: np.clip(x, -1, 1)),
        "hypot": ([X, Y], ops.hypot, np.hypot),
        "isinf": ([ODD], ops.isinf, np.isinf),
        "logaddexp": ([X * 50, Y], ops.logaddexp, np.logaddexp),
        "logical_xor": ([FLAGS, Y > 0], ops.logical_xor, lambda a, b: (a != 0) != (b != 0)),
        "nan_to_num": (
            [ODD],
            lambda x: ops.nan_to_num(x, 1.5, 9.0),
            lambda x: np.nan_to_num(x, nan=1.5, posinf=9.0),
        ),
        "rad2deg": ([X], ops.rad2deg, np.rad2deg),
        "sinh": ([X], ops.sinh, np.sinh),
        "soft_shrink": ([X], ops.soft_shrink, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
        "sparse_plus": ([X], ops.sparse_plus, lambda x: np.where(x > 1, x, (np.clip(x, -1, 1) + 1) ** 2 / 4)),
        "sparse_sigmoid": ([X], ops.sparse_sigmoid, lambda x: np.clip((x + 1) / 2, 0, 1)),
        "squareplus": ([X], ops.squareplus, lambda x: (x + np.sqrt(x * x + 4)) / 2),
        "tan": ([UNIT], ops.tan, np.tan),
        "tanh_shrink": ([X], ops.tanh_shrink, lambda x: x - np.tanh(x)),
        "threshold": ([X], lambda x: ops.threshold(x, 0.2, 7.0), lambda x: np.where(x > 0.2, x, 7)),
        "trunc": ([X * 5], ops.trunc, np.trunc),
    }
)
HOLES = np.where(np.abs(X) > 1, np.nan, X)
ZEROS = np.round(X * 2) / 2
CASES.update(
    {
        "allclose": ([X, X + 1e-7], lambda x, y: ops.allclose(x, y), lambda x, y: np.allclose(x, y)),
        "array": ([X], ops.array, lambda x: x),
        "cbrt": ([X], ops.cbrt, np.cbrt),
        "copy": ([X], ops.copy, lambda x: x),
        "empty_like": ([ODD], ops.empty_like, np.zeros_like),
        "fabs": ([X], ops.fabs, np.fabs),
        "fliplr": ([X], ops.fliplr, np.fliplr),
        "fmax": ([HOLES, Y], ops.fmax, np.fmax),
        "fmin": ([HOLES, Y], ops.fmin, np.fmin),
        "fmod": ([X, POSITIVE], ops.fmod, np.fmod),
        "get_item": ([X], lambda x: ops.get_item(x, np.s_[:, 1]), lambda x: x[:, 1]),
        "heaviside": ([ZEROS], lambda x: ops.heaviside(x, 0.5), lambda x: np.heaviside(x, 0.5)),
        "isclose": ([X, X + ZEROS * 1e-5], ops.isclose, np.isclose),
        "isin": ([ZEROS], lambda x: ops.isin(x, [0, 0.5]), lambda x: np.isin(x, [0, 0.5])),
        "isneginf": ([ODD], ops.isneginf, np.isneginf),
        "isposinf": ([ODD], ops.isposinf, np.isposinf),
        "multi_hot": (
            [np.array([[0, 2], [1, 1], [3, 4], [4, 0]])],
            lambda x: ops.multi_hot(x, 5),
            lambda x: np.eye(5)[x].max(axis=1),
        ),
        "nanmax": ([HOLES], lambda x: ops.nanmax(x, 1), lambda x: np.nanmax(x, 1)),
        "nanmean": ([HOLES], lambda x: ops.nanmean(x, (1, 2)), lambda x: np.nanmean(x, (1, 2))),
        "nanmin": ([HOLES], lambda x: ops.nanmin(x, 1, True), lambda x: np.nanmin(x, 1, keepdims=True)),
        "nanprod": ([HOLES], lambda x: ops.nanprod(x, -1), lambda x: np.nanprod(x, -1)),
        "nanstd": ([HOLES], lambda x: ops.nanstd(x, (1, 2)), lambda x: np.nanstd(x, (1, 2))),
        "nansum": ([HOLES], lambda x: ops.nansum(x, 1), lambda x: np.nansum(x, 1)),
        "nanvar": ([HOLES], lambda x: ops.nanvar(x, (1, 2)), lambda x: np.nanvar(x, (1, 2))),
        "percentile": ([X], lambda x: ops.percentile(x, 30, 1), lambda x: np.percentile(x, 30, 1)),
        "ptp": ([X], lambda x: ops.ptp(x, 1), lambda x: np.ptp(x, 1)),
        "rms_normalization": (
            [X],
            lambda x: ops.rms_normalization(x, ROW),
            lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-7) * ROW,
        ),
        "segment_sum": (
            [X[:, 0], np.array([2, 0, 2, 7])],
            lambda x, i: ops.segment_sum(x, i, 3),
            lambda x, i: np.stack([x[1], x[0] * 0, x[0] + x[2]]),
        ),
        "select": (
            [X],
            lambda x: ops.select([x > 1, x > 0], [x, x * 2], -1.0),
            lambda x: np.select([x > 1, x > 0], [x, x * 2], -1.0),
        ),
        "signbit": ([X], ops.signbit, np.signbit),
        "sinc": ([ZEROS], ops.sinc, np.sinc),
        "slice_update": (
            [X, Y[:, :2, 1:4]],
            lambda x, y: ops.slice_update(x, (0, 1, 2), y),
            lambda x, y: np.concatenate([x[:, :1], np.concatenate([x[:, 1:, :2], y], -1)], 1),
        ),
    }
)
# Functions that make or describe values rather than compute on them, and those with tests of their own below.
ELSEWHERE = {
    "SymbolicTensor", "Trace", "adam_rate", "adam_update", "apply", "arange", "batch_normalization",
    "binary_crossentropy", "categorical_crossentropy", "convert_to_numpy", "current", "full", "nadam_rates",
    "nadam_update", "ndim", "ones",
    "adam_update_at_rate", "sgd_momentum_update", "sgd_update", "shape", "size", "sparse_categorical_crossentropy",
    "zeros",
}  # fmt: skip
# Those of tests/ops: test_slicing.py, test_selection.py, test_linalg.py, test_control.py.
ELSEWHERE |= {
    "append", "concatenate", "flip", "hstack", "pad", "repeat", "roll", "slice", "split", "stack", "tile", "unstack",
    "vstack",
    "argsort", "bincount", "digitize", "in_top_k", "median", "quantile", "searchsorted", "sort", "take",
    "take_along_axis", "top_k",
    "diag", "diagonal", "einsum", "inner", "outer", "tensordot", "tril", "triu", "vdot",
    "cond", "fori_loop", "map", "scan", "switch", "vectorized_map", "while_loop",
    "empty", "eye", "flipud", "identity", "is_tensor", "layer_normalization", "linspace", "meshgrid", "nonzero",
    "sparsemax", "tri",
}  # fmt: skip
# Those of tests/ops/test_keras_ops.py.
ELSEWHERE |= {
    "angle", "argpartition", "array_split", "associative_scan", "bartlett", "blackman", "cdist", "conj", "conjugate",
    "corrcoef", "correlate", "cross", "depth_to_space", "diagflat", "dot_product_attention", "dsplit", "dstack",
    "dtype", "erfc", "extract_sequences", "geomspace", "hamming", "hanning", "histogram", "hsplit", "i0", "imag",
    "isreal", "kaiser", "kron", "ldexp", "logaddexp2", "logspace", "nanargmax", "nanargmin", "nancumprod",
    "nancumsum", "nanmedian", "nanpercentile", "nanquantile", "psnr", "real", "rearrange", "rot90", "saturate_cast",
    "scatter", "scatter_update", "segment_max", "segment_min", "segment_prod", "space_to_depth", "trace", "trapezoid",
    "unravel_index", "vander", "view", "vsplit",
}  # fmt: skip


def test_every_public_function_has_a_case() -> None:
    assert set(CASES) | ELSEWHERE == set(ops.__all__)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_eager_matches_numpy(name: str) -> None:
    operands, op, reference = CASES[name]
    expected = reference(*operands)
    result = op(*operands)
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=2e-6)
    assert isinstance(result.numpy(), np.ndarray)
    if expected is not None and np.asarray(expected).dtype == bool:
        assert result.dtype == bool


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_traced_matches_numpy(name: str) -> None:
    operands, op, reference = CASES[name]
    fixed = name == "dot"  # the vector is no batch
    result = run_traced(op, *operands, batched=not fixed)
    np.testing.assert_allclose(result, reference(*operands), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "less", "equal"])
@pytest.mark.parametrize("number", [2, 0.5])
def test_python_numbers_from_either_side(name: str, number: float) -> None:
    op, reference = getattr(ops, name), getattr(np, name)
    for traced in (lambda f: f(POSITIVE), lambda f: run_traced(f, POSITIVE)):
        np.testing.assert_allclose(traced(lambda x: op(x, number)), reference(POSITIVE, number), rtol=2e-6, atol=1e-7)
        np.testing.assert_allclose(traced(lambda x: op(number, x)), reference(number, POSITIVE), rtol=2e-6, atol=1e-7)


def test_makers() -> None:
    assert ops.zeros((2, 3)).dtype == np.float32
    np.testing.assert_array_equal(ops.ones((2,), "int32"), [1, 1])
    np.testing.assert_array_equal(ops.full((2,), 3.5), [3.5, 3.5])
    np.testing.assert_array_equal(ops.arange(3), [0, 1, 2])
    assert ops.arange(3).dtype == np.int32
    np.testing.assert_array_equal(ops.eye(2, 3, k=1), np.eye(2, 3, k=1))
    np.testing.assert_array_equal(ops.identity(2, dtype="int32"), np.eye(2))
    np.testing.assert_array_equal(ops.tri(3, 4, -1), np.tri(3, 4, -1))
    assert ops.empty((2, 3)).shape == (2, 3)
    np.testing.assert_allclose(ops.linspace(-1, 2, 7), np.linspace(-1, 2, 7), rtol=1e-6)
    start = np.array([0.0, 1.0])
    values, step = ops.linspace(start, 3, 5, endpoint=False, retstep=True, axis=-1)
    np.testing.assert_allclose(values, np.linspace(start, 3, 5, endpoint=False, axis=-1), rtol=1e-6)
    np.testing.assert_allclose(step, (3 - start) / 5, rtol=1e-6)
    assert ops.shape(np.zeros((2, 3))) == (2, 3)
    assert ops.ndim(np.zeros((2, 3))) == 2
    assert type(ops.convert_to_numpy(ops.zeros(2))) is np.ndarray


def test_makers_take_the_batch_of_a_traced_tensor() -> None:
    def made(x):
        rows = ops.shape(x)[0]
        return [ops.zeros((rows, 2)), ops.ones((rows,)), ops.full((rows, 3), 2.5), ops.full((rows,), ops.sum(x))]

    zeros, ones, full, total = run_traced(made, X)
    np.testing.assert_array_equal(zeros, np.zeros((4, 2)))
    np.testing.assert_array_equal(ones, np.ones(4))
    np.testing.assert_array_equal(full, np.full((4, 3), 2.5))
    np.testing.assert_allclose(total, np.full(4, X.sum()), rtol=1e-5)
    with pytest.raises(ValueError, match=r"received \(None, 2\): None stands for the batch"):
        ops.zeros((None, 2))


def test_eager_results_are_tensors_with_dtypes_of_their_own() -> None:
    x = np.array([-1.0, 2.0], np.float32)
    assert (ops.relu(x).dtype, ops.greater(x, 0).dtype, ops.argmax(x).dtype) == (np.float32, bool, np.int32)
    assert ops.add(np.array([1, 2]), 3).dtype == np.int32
    assert ops.divide(np.array([1, 2]), 4).dtype == np.float32
    assert ops.cast(np.array([1.7, -1.7]), "int64").dtype == np.int64


def test_sparsemax_is_the_nearest_distribution() -> None:
    # Martins & Astudillo 2016, figure 1: two classes give a clipped line.
    t = np.linspace(-2, 2, 9)
    pairs = np.stack([t, np.zeros(9)], axis=-1)
    expected = np.clip((t + 1) / 2, 0, 1)
    for got in (ops.sparsemax(pairs), run_traced(ops.sparsemax, pairs), ops.sparsemax(pairs.T, axis=0).T):
        np.testing.assert_allclose(got, np.stack([expected, 1 - expected], axis=-1), atol=1e-6)
    wide = np.asarray(ops.sparsemax(X * 0.3))
    np.testing.assert_allclose(wide.sum(-1), 1, rtol=1e-6)
    assert (wide == 0).any() and ((wide > 0).sum(-1) > 1).all()


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("arctan2", lambda y, x: x / (x * x + y * y)),
        ("arcsinh", lambda x: 1 / np.sqrt(1 + x * x)),
        ("arcsin", lambda x: 1 / np.sqrt(1 - x * x)),
        ("logaddexp", lambda a, b: sigmoid(a - b)),
        ("sinh", np.cosh),
        ("erfinv", lambda y: np.sqrt(np.pi) / 2 * np.exp(np.asarray(ops.erfinv(y)) ** 2)),
    ],
)
def test_gradients_where_formulas_change(name: str, slope: Callable) -> None:
    x = np.array([0, 0.3, -0.3, 0.7, -0.9], np.float32)
    others = [np.array([0.5, -0.3, 0.3, 0, 2], np.float32)] if name in ("arctan2", "logaddexp") else []
    got = gradient_of(lambda x: getattr(ops, name)(x, *others), x)
    np.testing.assert_allclose(got, slope(x, *others), rtol=1e-5)


def test_gradient_of_a_product_with_zeros() -> None:
    x = np.array([[2, 0, 3], [0, 0, 5], [1, 2, 3]], np.float32)
    np.testing.assert_array_equal(gradient_of(lambda x: ops.prod(x, axis=1), x), [[0, 6, 0], [0, 0, 0], [6, 3, 2]])
    np.testing.assert_array_equal(gradient_of(lambda x: ops.cumprod(x, axis=1), x[:1]), [[1, 8, 0]])


def test_layer_normalization() -> None:
    gamma, beta = RNG.uniform(0.5, 2, (3, 5)), RNG.normal(size=(3, 5))
    expected = (X - X.mean((1, 2), keepdims=True)) / np.sqrt(X.var((1, 2), keepdims=True) + 0.1) * gamma + beta
    for got in (
        ops.layer_normalization(X, gamma, beta, axis=(1, 2), epsilon=0.1),
        run_traced(lambda x: ops.layer_normalization(x, gamma, beta, axis=(1, 2), epsilon=0.1), X),
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    got = ops.layer_normalization(X, gamma[:, 0], axis=1)
    expected = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-7) * gamma[:, :1]
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_lengths_are_at_least_epsilon_when_vectors_are_normalized() -> None:
    x = np.array([[3, 4], [1e-8, 0], [0, 0]], np.float32)
    for order in (1, 2, 3):
        lengths = (np.abs(x.astype(np.float64)) ** order).sum(-1, keepdims=True) ** (1 / order)
        np.testing.assert_allclose(ops.normalize(x, order=order), x / np.maximum(lengths, 1e-7), rtol=1e-5)
    np.testing.assert_allclose(ops.norm(X, 3, axis=-1), np.linalg.norm(X, 3, axis=-1), rtol=1e-5)
    np.testing.assert_allclose(ops.norm(X, 0, axis=-1), np.linalg.norm(X, 0, axis=-1))


def test_what_depends_on_the_numbers_runs_at_once_only() -> None:
    np.testing.assert_array_equal(ops.nonzero(FLAGS), np.nonzero(FLAGS))
    np.testing.assert_array_equal(ops.where(FLAGS), np.nonzero(FLAGS))
    with pytest.raises(NotImplementedError, match=r"ops.nonzero cannot be traced"):
        run_traced(ops.nonzero, X)
    assert ops.is_tensor(ops.zeros(2)) and ops.is_tensor(Variable(1.0)) and not ops.is_tensor(np.zeros(2))
    np.testing.assert_array_equal(ops.flipud(X), np.flipud(X).astype(np.float32))
    for indexing in ("xy", "ij"):
        grids = ops.meshgrid([1.0, 2.0], [3.0, 4.0, 5.0], [6.0], indexing=indexing)
        for got, want in zip(grids, np.meshgrid([1, 2], [3, 4, 5], [6], indexing=indexing), strict=True):
            np.testing.assert_array_equal(got, want)


KERAS_HAS_NOT = {"silu": "beta", "swish": "beta"}


def test_signatures_are_those_of_keras() -> None:
    keras = pytest.importorskip("keras")
    for name in set(ops.__all__) & set(dir(keras.ops)):
        theirs = inspect.signature(getattr(keras.ops, name)).parameters
        ours = dict(inspect.signature(getattr(ops, name)).parameters)
        ours.pop(KERAS_HAS_NOT.get(name, ""), None)
        wanted = {key: parameter.default for key, parameter in theirs.items()}
        assert {key: parameter.default for key, parameter in ours.items()} == wanted, name


def test_float32_arrays_are_not_copied() -> None:
    x = np.zeros((8, 8), np.float32)
    assert np.shares_memory(ops.convert_to_tensor(x), x)
    assert np.shares_memory(ops.convert_to_tensor(x).numpy(), x)


def test_operators_of_traced_tensors() -> None:
    def function(x, y):
        return ((x + y) * 2 - y / 4, -(x**2), 1 - x, 2 / (abs(x) + 1), x > y, x <= 0.5, x // 1, np.exp(x) + Y)

    x, y = X.astype(np.float32), Y.astype(np.float32)
    for result, expected in zip(run_traced(function, x, y, batched=False), function(x, y), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


def test_comparisons_and_truth_values_of_traced_tensors() -> None:
    a, b = np.array([[1.0, 2.0], [3.0, 3.0]]), np.array([[1.0, 0.0], [3.0, 4.0]])
    v = Variable([1.0, 3.0])

    def compare(a, b):
        equal, large = a == b, a > 1
        return equal, a != b, v == a, a != v, equal & large, equal | (b > 1), large ^ (b > 1), ~large

    for traced, at_once in zip(run_traced(compare, a, b), compare(a, b), strict=True):
        np.testing.assert_array_equal(np.asarray(traced, bool), at_once)
    np.testing.assert_array_equal(run_traced(lambda a: round(a / 3, 1), a), np.round(a / 3, 1).astype(np.float32))
    trace = Trace()
    with trace:
        x, y = trace.input("x", (None, 2)), trace.input("y", (None, 2))
        assert x is not None and (x == None) is False and (x != "x") is True and {x: 1}[x] == 1  # noqa: E711
        assert x in [x, y]
        with pytest.raises(TypeError, match="combine truth values such as x > 0, received float32"):
            x & (y > 0)


def test_matmul_operator_and_vectors() -> None:
    w = Variable(Y[0].T)
    np.testing.assert_allclose(run_traced(lambda x: x @ w, X), X @ Y[0].T, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ops.matmul(ROW, Y[0].T), ROW @ Y[0].T, rtol=1e-5)
    with pytest.raises(ValueError, match=r"received shapes \(4, 3, 5\) and \(4, 3, 5\)"):
        ops.matmul(X, Y)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda x: bool(x > 0), r"no truth value.*ops.where"),
        (lambda x: x.numpy(), r"no values yet"),
        (lambda x: np.asarray(x), r"cannot become a NumPy array"),
        (lambda x: np.mean(x), r"np.mean.*ravine.ops"),
        (lambda x: np.spacing(x), r"np.spacing.*ravine.ops"),
        (lambda x: list(x), r"cannot be iterated"),
        (lambda x: x[0], r"must stay whole"),
        (lambda x: float(x), r"Python number"),
        (lambda x: len(x), r"no known length"),
        (lambda x: ops.add(x, None), r"received None"),
    ],
)
def test_what_cannot_be_traced_says_so(use, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        run_traced(use, X)


def test_tensors_do_not_outlive_their_trace() -> None:
    kept = []
    run_traced(lambda x: kept.append(x) or ops.relu(x), X)
    with pytest.raises(ValueError, match="after its trace has ended"):
        ops.relu(kept[0])
    with pytest.raises(ValueError, match="belongs to another trace"):
        run_traced(lambda x: ops.add(x, kept[0]), X)


def test_shape_errors() -> None:
    with pytest.raises(ValueError, match=r"must begin with -1 to keep the batch of \(None, 3, 5\), received \(15,\)"):
        run_traced(lambda x: ops.reshape(x, (15,)), X)
    with pytest.raises(ValueError, match=r"cannot reshape \(4, 3, 5\) to \(7, 2\)"):
        ops.reshape(X, (7, 2))
    with pytest.raises(ValueError, match="the batch must stay in front"):
        run_traced(lambda x: ops.transpose(x, (1, 0, 2)), X)
    with pytest.raises(ValueError, match="stack along axis 1 or -1 instead of 0"):
        run_traced(lambda x: ops.mean(ops.stack([x, x]), axis=0), X)
    with pytest.raises(ValueError, match="axis 3 is out of range for a tensor of rank 3"):
        ops.sum(X, axis=3)


def test_traced_shapes_keep_the_batch() -> None:
    with Trace() as trace:
        x = trace.input("x", (None, 6))
        assert ops.reshape(x, (-1, 2, 3)).shape == (None, 2, 3)
        assert ops.reshape(x, (None, 3, 2)).shape == (None, 3, 2)
        assert ops.sum(x, axis=0).shape == (6,)
        assert ops.expand_dims(x, -1).shape == (None, 6, 1)
        assert ops.argmax(x, -1).shape == (None,)
        assert ops.argmax(x, -1).dtype == "int32"


def test_gradient_flows_through_compositions_and_stops_where_told() -> None:
    x = X[0].astype(np.float32)
    softmaxed = softmax(X[0])
    np.testing.assert_allclose(gradient_of(lambda x: ops.logsumexp(x, axis=-1), x), softmaxed, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient_of(lambda x: x * ops.stop_gradient(x), x), x, rtol=1e-6)


def test_updates_work_in_place_on_arrays_and_variables() -> None:
    g = np.array([0.5, -1, 0.001], np.float32)
    w = np.array([1, -2, 0.5], np.float32)
    view = w[:]
    ops.sgd_update(w, g, 0.1)
    np.testing.assert_allclose(view, [0.95, -1.9, 0.4999], rtol=1e-6)
    w, v = Variable([1, -2, 0.5]), Variable(np.zeros(3))
    for gradient in ([0.5, -1, 0.001], [0.25, 1, -0.001], [-0.5, -0.5, 0.002]):
        ops.sgd_momentum_update(w, np.array(gradient, np.float32), v, 0.1, 0.9, nesterov=True)
    np.testing.assert_allclose(w, [0.85529995, -1.83209991, 0.49954709], rtol=1e-6)
    w, m, v = (np.array(x, np.float32) for x in ([1, -2, 0.5], [0, 0, 0], [0, 0, 0]))
    ops.adam_update(w, g, m, v, 0.1, iterations=0)
    np.testing.assert_allclose(w, [0.90000129, -1.90000105, 0.40031588], rtol=0, atol=2e-6)
    w, m, v = (np.array(x, np.float32) for x in ([1, -2, 0.5], [0, 0, 0], [0, 0, 0]))
    product = 1.0
    for t, gradient in enumerate(([0.5, -1, 0.001], [0.25, 1, -0.001], [-0.5, -0.5, 0.002])):
        product = ops.nadam_update(w, np.array(gradient, np.float32), m, v, 0.1, t, product)
    np.testing.assert_allclose(w, [0.90483004, -1.92581391, 0.37397522], rtol=0, atol=2e-6)


def test_updates_refuse_what_they_cannot_change() -> None:
    with pytest.raises(TypeError, match=r"works in place.*float64"):
        ops.sgd_update(np.zeros(3), np.zeros(3), 0.1)
    with pytest.raises(ValueError, match=r"must agree, received \(3,\) and \(2,\)"):
        ops.sgd_update(np.zeros(3, np.float32), np.zeros(2), 0.1)


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization(axis: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 3, 4)).astype(np.float32)
    n = x.shape[axis]
    mean, variance, offset, scale = (rng.uniform(0.5, 2, n).astype(np.float32) for _ in range(4))
    shape = (n,) if axis == -1 else (n, 1)
    m, v, b, g = (a.reshape(shape).astype(np.float64) for a in (mean, variance, offset, scale))
    expected = (x - m) / np.sqrt(v + 1e-3) * g + b
    arguments = (mean, variance, axis, offset, scale)
    np.testing.assert_allclose(ops.batch_normalization(x, *arguments), expected, rtol=1e-5, atol=1e-6)
    traced = run_traced(lambda x: ops.batch_normalization(x, *arguments), x)
    np.testing.assert_allclose(traced, expected, rtol=1e-5, atol=1e-6)
    plain = ops.batch_normalization(x, mean, variance, axis)
    np.testing.assert_allclose(plain, (x - m) / np.sqrt(v + 1e-3), rtol=1e-5, atol=1e-6)


def test_crossentropies_of_probabilities_and_logits() -> None:
    z = np.array([[0.3, -1.2, 2.0], [0.0, 0.5, -0.5]], np.float32)
    p = softmax(z)
    labels = np.array([2, 0])
    expected = -np.log(p[[0, 1], labels])
    for output, from_logits in ((p, False), (z, True)):
        sparse = ops.sparse_categorical_crossentropy(labels, output.astype(np.float32), from_logits)
        np.testing.assert_allclose(sparse, expected, rtol=1e-5)
        dense = ops.categorical_crossentropy(np.eye(3)[labels], output.astype(np.float32), from_logits)
        np.testing.assert_allclose(dense, expected, rtol=1e-5)
    q = 1 / (1 + np.exp(-z))
    target = np.array([[1, 0, 1], [0, 1, 1]], np.float32)
    expected = -(target * np.log(q) + (1 - target) * np.log(1 - q))
    np.testing.assert_allclose(ops.binary_crossentropy(target, q), expected, rtol=1e-5)
    np.testing.assert_allclose(ops.binary_crossentropy(target, z, from_logits=True), expected, rtol=1e-5)
