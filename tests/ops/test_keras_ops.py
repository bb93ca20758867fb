"""Functions composed of others, beside the installed Keras: at once and traced; and what of Keras is not here."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import Input, Model, Variable, ops
from ravine.ops import _graph_functions as graphs

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 3, 6)).astype(np.float32)
Y = RNG.normal(size=(4, 3, 6)).astype(np.float32)
M = X[0]
V = X[0, 0]
W = Y[0, :, 0]
HOLES = np.where(np.abs(X) > 0.8, np.nan, X).astype(np.float32)
HOLES[0, 0] = np.nan
INTEGERS = RNG.integers(-5, 9, (4, 3, 6)).astype(np.int32)
GROUPS = np.array([1, 0, 1], np.int32)
IDS = np.array([2, 0, 2, 7], np.int32)
PLACES = np.array([[0, 1], [3, 2], [0, 1], [-1, 0], [2, 9]], np.int32)
LARGE = np.float32([1e9, -1e9, 123456.7, 1e30, -1e30, 0.3, -0.0, 1e-30, np.inf, -np.inf, np.nan])
IMAGES = RNG.normal(size=(2, 4, 6, 8)).astype(np.float32)
QUERY = RNG.normal(size=(2, 5, 4, 3)).astype(np.float32)
KEY = RNG.normal(size=(2, 7, 2, 3)).astype(np.float32)
VALUE = RNG.normal(size=(2, 7, 2, 6)).astype(np.float32)
MASK = RNG.uniform(size=(2, 1, 5, 7)) > 0.3
BIAS = RNG.normal(size=(4, 5, 7)).astype(np.float32)
BATCHED, FIXED, AT_ONCE = "with a free batch", "of fixed shapes", "cannot be traced, or makes constants"

# (name, how it is traced, operands, further arguments)
CASES: list[tuple[str, str, list[Any], dict[str, Any]]] = [
    *(
        (name, BATCHED, [x.astype(np.int32), np.int32([2, -3, 2, -7])], {})
        for name in ("floor_divide", "fmod", "mod")
        for x in (np.arange(-2, 2), np.array([16777213, -16777213, 5, 0]))
    ),
    *(
        (name, BATCHED, [LARGE, np.full_like(LARGE, by)], {})
        for name in ("floor_divide", "fmod", "mod")
        for by in (7.3, -0.1, 1e-3, np.inf, -np.inf, np.nan, 0.0)
    ),
    ("angle", BATCHED, [HOLES], {}),
    ("argmax", FIXED, [X], {"keepdims": True}),
    ("argmin", FIXED, [INTEGERS], {"keepdims": True}),
    ("array_split", BATCHED, [X], {"indices_or_sections": 4, "axis": -1}),
    ("array_split", FIXED, [V], {"indices_or_sections": 8}),
    ("bartlett", AT_ONCE, [7], {}),
    ("blackman", AT_ONCE, [8], {}),
    ("cdist", BATCHED, [X, Y[:, :2]], {}),
    ("cdist", FIXED, [M, Y[0]], {}),
    ("conj", BATCHED, [X], {}),
    ("conjugate", BATCHED, [X], {}),
    ("corrcoef", FIXED, [M], {}),
    ("corrcoef", FIXED, [V], {}),
    ("correlate", FIXED, [V, W], {}),
    ("correlate", FIXED, [V, V[:4]], {"mode": "same"}),
    ("correlate", FIXED, [W, V], {"mode": "same"}),
    ("correlate", FIXED, [W, V], {"mode": "full"}),
    ("correlate", FIXED, [W, V], {"mode": "valid"}),
    ("cross", BATCHED, [X[..., :3], Y[..., :3]], {}),
    ("cross", BATCHED, [X[..., :2], Y[..., :3]], {}),
    ("cross", BATCHED, [X[..., :3], Y[..., :2]], {}),
    ("cross", BATCHED, [X[..., :2], Y[..., :2]], {}),
    ("cross", BATCHED, [X, Y], {"axis": 1}),
    ("cross", BATCHED, [X[..., :3], np.moveaxis(Y[..., :3], 1, 2)], {"axisa": 1, "axisb": 2, "axisc": 1}),
    ("depth_to_space", BATCHED, [IMAGES], {"block_size": 2}),
    ("depth_to_space", BATCHED, [IMAGES], {"block_size": 2, "data_format": "channels_first"}),
    ("diag", AT_ONCE, [MASK[0, 0, 0]], {"k": 1}),
    ("diagflat", FIXED, [M], {"k": -1}),
    ("diagonal", AT_ONCE, [MASK[0, 0]], {"offset": -1}),
    ("dot_product_attention", BATCHED, [QUERY, KEY, VALUE[..., :3]], {"is_causal": True}),
    ("dot_product_attention", BATCHED, [QUERY, QUERY, QUERY], {"mask": MASK[:1, :, :, :5], "scale": 0.3}),
    ("dot_product_attention", FIXED, [QUERY, KEY, KEY], {"mask": MASK, "bias": BIAS[None], "is_causal": True}),
    ("dsplit", BATCHED, [X], {"indices_or_sections": 3}),
    ("einsum", AT_ONCE, ["iji,j->i", X[:3, :, :3], W[:3]], {}),
    ("einsum", AT_ONCE, ["ii", M[:, :3]], {}),
    ("einsum", AT_ONCE, ["...aba->b...", np.stack([X[:3, :, :3]] * 2)], {}),
    ("erfc", BATCHED, [X * 4], {}),
    ("expand_dims", BATCHED, [X], {"axis": (1, -1)}),
    ("expand_dims", FIXED, [M], {"axis": [0, 2]}),
    ("extract_sequences", BATCHED, [X], {"sequence_length": 3, "sequence_stride": 2}),
    ("extract_sequences", FIXED, [V], {"sequence_length": 2, "sequence_stride": 1}),
    ("fabs", FIXED, [INTEGERS], {}),
    ("geomspace", FIXED, [np.float32(-1), np.float32(-8)], {"num": 4}),
    ("geomspace", FIXED, [np.abs(V), np.abs(V) + 2], {"num": 5, "endpoint": False, "axis": -1}),
    ("geomspace", AT_ONCE, [1, 1000], {"num": 4, "dtype": "int32"}),
    ("hamming", AT_ONCE, [7], {}),
    ("hanning", AT_ONCE, [1], {}),
    ("histogram", FIXED, [V], {"bins": 4}),
    ("histogram", BATCHED, [V], {"bins": 3, "range": (-1.0, 0.5)}),
    ("histogram", FIXED, [np.ones(4, np.float32)], {"bins": 3}),
    ("hsplit", BATCHED, [X], {"indices_or_sections": [1]}),
    ("hsplit", FIXED, [V], {"indices_or_sections": 2}),
    ("hypot", FIXED, [np.float32([1e30, 0, np.inf, 3]), np.float32([1e30, 0, -np.inf, -4])], {}),
    ("i0", BATCHED, [X * 5], {}),
    ("imag", BATCHED, [X], {}),
    ("isreal", BATCHED, [HOLES], {}),
    ("kaiser", AT_ONCE, [7, 3.5], {}),
    ("kron", FIXED, [M, Y[0, :2, :2]], {}),
    ("kron", FIXED, [V, Y[0]], {}),
    ("ldexp", BATCHED, [X, INTEGERS], {}),
    ("ldexp", AT_ONCE, [np.float32([1e-30, 1e30]), np.int32([140, -150])], {}),
    ("logaddexp2", BATCHED, [X * 50, Y], {}),
    ("linspace", AT_ONCE, [0.0, -2], {"num": 4, "dtype": "int32"}),
    ("logaddexp", BATCHED, [X, Y * 1e8], {}),
    ("log_softmax", FIXED, [X], {"axis": (2, 0)}),
    *(
        ("logsumexp", FIXED, [np.float32([[one, 1], [one, one]])], {"axis": axis})
        for one in (np.inf, -np.inf)
        for axis in (-1, None)
    ),
    ("logspace", FIXED, [V, V + 1], {"num": 4, "axis": -1, "base": 2.0}),
    ("logspace", AT_ONCE, [0, 3], {"num": 4, "dtype": "int32"}),
    ("matmul", FIXED, [INTEGERS[0], INTEGERS[1].T], {}),
    ("matmul", BATCHED, [INTEGERS, np.moveaxis(INTEGERS, 1, 2)], {}),
    ("median", FIXED, [INTEGERS], {}),
    ("moveaxis", BATCHED, [IMAGES], {"source": (1, -1), "destination": (3, 1)}),
    ("moveaxis", FIXED, [IMAGES], {"source": [0, 1, 2], "destination": [-1, 0, 1]}),
    ("multi_hot", BATCHED, [PLACES % 3], {"num_classes": 4}),
    ("multi_hot", BATCHED, [INTEGERS % 5], {"num_classes": 5}),
    ("multi_hot", FIXED, [INTEGERS % 5], {"num_classes": 5, "axis": 2}),
    ("multi_hot", FIXED, [IDS], {"num_classes": 8}),
    ("nanargmax", BATCHED, [HOLES], {"axis": -1}),
    ("nanargmax", FIXED, [HOLES], {}),
    ("nanargmin", BATCHED, [HOLES], {"axis": 1, "keepdims": True}),
    ("nancumprod", BATCHED, [HOLES], {"axis": 2}),
    ("nancumsum", FIXED, [HOLES], {}),
    ("median", BATCHED, [HOLES], {"axis": -1}),
    ("quantile", FIXED, [HOLES], {"q": [0.0, 0.4, 1.0], "axis": (0, 2)}),
    ("nan_to_num", FIXED, [INTEGERS], {}),
    ("nanmax", FIXED, [INTEGERS], {"axis": 0}),
    ("nanmedian", BATCHED, [HOLES], {"axis": -1, "keepdims": True}),
    ("nanmedian", FIXED, [HOLES], {"axis": (0, 2)}),
    ("nanmedian", FIXED, [HOLES], {}),
    ("nanpercentile", BATCHED, [HOLES], {"q": 30.0, "axis": 2}),
    *(
        ("nanquantile", FIXED, [HOLES], {"q": [0.1, 0.6], "axis": (1, 2), "method": method})
        for method in ("linear", "lower", "higher", "midpoint", "nearest")
    ),
    ("nanquantile", FIXED, [np.float32([-np.inf, np.nan, 2, np.inf])], {"q": [0.1, 0.6], "method": "nearest"}),
    ("nansum", FIXED, [INTEGERS], {"axis": (0, -1)}),
    ("nanvar", FIXED, [np.float32([1, np.inf, np.nan])], {}),
    ("nanvar", BATCHED, [HOLES], {"axis": -1}),
    *(("norm", FIXED, [M], {"ord": ord, "keepdims": True}) for ord in (None, "fro", 1, -1, np.inf, -np.inf)),
    *(("norm", BATCHED, [X], {"ord": ord, "axis": (2, 1)}) for ord in ("fro", 1, -1, np.inf, -np.inf)),
    *(("norm", FIXED, [INTEGERS], {"ord": ord, "axis": 1}) for ord in (1, 2, 3, np.inf)),
    ("pad", BATCHED, [X], {"pad_width": ((0, 0), (4, 2), (0, 8)), "mode": "wrap"}),
    ("psnr", BATCHED, [X, Y], {"max_val": 2.0}),
    ("real", BATCHED, [X], {}),
    ("rearrange", BATCHED, [X], {"pattern": "b c (h w) -> b w (h c)", "h": 2}),
    ("rearrange", FIXED, [X], {"pattern": "b c t -> (t b) c"}),
    ("relu", FIXED, [INTEGERS], {}),
    ("repeat", BATCHED, [X], {"repeats": np.array([2, 0, 1]), "axis": 1}),
    ("repeat", FIXED, [M], {"repeats": np.arange(18) % 3}),
    *(("rot90", BATCHED, [X], {"k": k, "axes": (1, 2)}) for k in range(4)),
    ("rot90", FIXED, [M], {"k": -1}),
    ("rot90", FIXED, [X], {"axes": (2, 0)}),
    ("saturate_cast", BATCHED, [X * 300], {"dtype": "uint8"}),
    ("saturate_cast", BATCHED, [X], {"dtype": "bool"}),
    ("saturate_cast", AT_ONCE, [np.float32([-1e20, 3.7, 1e20])], {"dtype": "int32"}),
    ("scatter", FIXED, [PLACES, V[:5]], {"shape": (4, 3)}),
    ("scatter", FIXED, [PLACES[:, :1], Y[0, 0, :5, None] * W], {"shape": (4, 3)}),
    *(
        ("scatter_update", FIXED, [X[:, :, 0], PLACES, V[:5]], {"reduction": reduction})
        for reduction in (None, "add", "max", "min", "mul")
    ),
    ("scatter_update", FIXED, [X, PLACES, RNG.normal(size=(5, 6)).astype(np.float32)], {}),
    ("scatter_update", FIXED, [X, PLACES[:, :1], RNG.normal(size=(5, 3, 6)).astype(np.float32)], {"reduction": "max"}),
    ("scatter_update", FIXED, [INTEGERS[0], PLACES, np.arange(5, dtype=np.int32)], {"reduction": "min"}),
    ("segment_max", BATCHED, [X, IDS], {"num_segments": 4}),
    ("segment_max", BATCHED, [INTEGERS, IDS], {"num_segments": 3}),
    ("segment_min", BATCHED, [X[:, 0, 0], IDS], {"num_segments": 4}),
    ("segment_prod", BATCHED, [X, IDS], {"num_segments": 3}),
    ("signbit", BATCHED, [np.float32([[-0.0, 0.0, -1e-40], [np.inf, -np.inf, 2]])], {}),
    ("softmax", BATCHED, [IMAGES], {"axis": (1, 3)}),
    ("softmax", BATCHED, [X], {"axis": 1}),
    ("space_to_depth", BATCHED, [IMAGES], {"block_size": 2}),
    ("space_to_depth", BATCHED, [np.moveaxis(IMAGES, -1, 1)], {"block_size": 2, "data_format": "channels_first"}),
    ("subtract", FIXED, [X, np.uint8(3)], {}),
    ("trace", BATCHED, [X], {"axis1": 2, "axis2": 1, "offset": -1}),
    ("trace", FIXED, [X], {}),
    ("trace", FIXED, [INTEGERS], {"offset": 1}),
    ("trapezoid", BATCHED, [X], {"dx": 0.5}),
    ("trapezoid", BATCHED, [X, Y], {"axis": 1}),
    ("trapezoid", FIXED, [X, W], {"axis": 1}),
    ("tril", AT_ONCE, [MASK[0, 0]], {}),
    ("triu", AT_ONCE, [MASK[0, 0]], {"k": 1}),
    ("trunc", FIXED, [INTEGERS], {}),
    ("unravel_index", BATCHED, [np.array([-1, 0, 7, 100, -100], np.int32)], {"shape": (2, 4)}),
    ("vander", BATCHED, [V], {"N": 4, "increasing": True}),
    ("vander", FIXED, [V], {}),
    ("vander", AT_ONCE, [V], {"N": 0}),
    ("view", BATCHED, [X], {}),
    ("view", AT_ONCE, [X], {"dtype": "int32"}),
    ("vsplit", FIXED, [X], {"indices_or_sections": [1, 3]}),
]
# Those that take functions or lists of tensors, or whose results Keras leaves open.
ELSEWHERE = {"argpartition", "associative_scan", "dstack", "dtype"}

# Of keras.ops, by the reason why.
MISSING = {
    "complex numbers and Fourier transforms": """fft fft2 ifft2 irfft istft polar rfft stft view_as_complex
        view_as_real""",
    "integers are computed as float32, whose bits are not theirs": """bitwise_and bitwise_invert bitwise_left_shift
        bitwise_not bitwise_or bitwise_right_shift bitwise_xor gcd lcm left_shift nextafter right_shift""",
    "factorizations and solvers: NumPy outside of layers": """cholesky cholesky_inverse det eig eigh inv logdet lstsq
        lu_factor matrix_rank pinv qr slogdet solve solve_triangular svd""",
    "convolution and pooling": """adaptive_average_pool adaptive_max_pool average_pool conv conv_transpose
        depthwise_conv fold max_pool separable_conv unfold""",
    "connectionist temporal classification": "ctc_decode ctc_loss",
    "derivatives are the engine's, of whole graphs": "custom_gradient jvp",
    "the size of its result depends on the numbers: np.unique": "unique",
    "a Python function of single numbers; write it for whole tensors": "vectorize",
    "modules: what is here of them stands in ops": "image linalg nn numpy",
}


def compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            compare(a, b)
        return
    theirs = np.asarray(theirs)
    assert np.shape(ours) == theirs.shape
    np.testing.assert_allclose(np.asarray(ours, np.float64), theirs.astype(np.float64), rtol=2e-5, atol=2e-6)


def results_of_keras(name: str, operands: list[Any], arguments: dict[str, Any]) -> Any:
    keras = pytest.importorskip("keras")
    return getattr(keras.ops, name)(*operands, **arguments)


@pytest.mark.parametrize(("name", "how", "operands", "arguments"), CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_as_in_keras(name: str, how: str, operands: list[Any], arguments: dict[str, Any]) -> None:
    expected = results_of_keras(name, operands, arguments)
    op: Callable = getattr(ops, name)
    at_once = op(*operands, **arguments)
    compare(at_once, expected)
    if name != "histogram":  # Keras counts in floats on JAX, in integers on TensorFlow
        for ours, theirs in zip(_several(at_once), _several(expected), strict=True):
            assert ours.dtype == np.asarray(theirs).dtype
    if how == AT_ONCE:
        return

    def function(*tensors: Any) -> Any:
        labelled = [
            ops.cast(x, "int32") if np.asarray(given).dtype == np.int32 else x
            for x, given in zip(tensors, operands, strict=True)
        ]
        return op(*labelled, **arguments)

    compare(run_traced(function, *operands, batched=how == BATCHED), expected)


MODELS = [case for case in CASES if case[1] == BATCHED and case[0] not in ("histogram", "psnr", "vander")]
MODELS = [case for case in MODELS if all(x.dtype == np.float32 and len(x) > 1 for x in case[2])]


@pytest.mark.parametrize(("name", "how", "operands", "arguments"), MODELS)
def test_as_part_of_a_model(name: str, how: str, operands: list[Any], arguments: dict[str, Any]) -> None:
    inputs = [Input(x.shape[1:]) for x in operands]
    op: Callable = getattr(ops, name)
    got = Model(inputs, op(*inputs, **arguments)).predict(operands, verbose=0)
    compare(got, op(*operands, **arguments))


def _several(x: Any) -> Any:
    return x if isinstance(x, (list, tuple)) else [x]


def test_every_function_of_keras_is_here_or_has_a_reason_not_to_be() -> None:
    keras = pytest.importorskip("keras")
    public = {name for name in dir(keras.ops) if not name.startswith("_")}
    missing = [name for names in MISSING.values() for name in names.split()]
    assert len(missing) == len(set(missing))
    assert public - set(ops.__all__) == set(missing)
    assert {name for name, *_ in CASES} | ELSEWHERE <= set(ops.__all__)


def test_functions_are_known_by_the_classes_of_keras() -> None:
    """Each function that makes a node of a graph stands for a class of Keras that takes what the node gives it."""
    pytest.importorskip("keras")
    functions = [getattr(ops, name) for name in ops.__all__ if name not in graphs.NO_OPERATIONS]
    assert len(functions) > 250
    for function in functions:
        name = function.__name__.rstrip("_")
        module, kind = graphs.class_of(name)
        assert graphs.function_of(module, kind) == name
        operation = getattr(importlib.import_module(module), kind)
        configuring, calling = (inspect.signature(f).parameters for f in (operation.__init__, operation.call))
        for key, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD and (name, key) != ("silu", "beta"):
                assert key in (calling if graphs._is_operand(name, key) else configuring), (name, key)


def test_no_file_hides_a_function() -> None:
    keras = pytest.importorskip("keras")
    files = {module.name for module in pkgutil.iter_modules(ops.__path__)}
    functions = {name for name in dir(keras.ops) if callable(getattr(keras.ops, name))}
    ufuncs = {name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    assert not files & (functions | ufuncs)  # operators look for the op that has a ufunc's name


def test_partitions() -> None:
    for x in (X, INTEGERS):
        order = ops.argpartition(x, 2, axis=1)
        ranked = np.take_along_axis(x, np.asarray(order), 1)
        np.testing.assert_array_equal(ranked[:, 2], np.partition(x, 2, axis=1)[:, 2])
        assert (ranked[:, :2] <= ranked[:, 2:]).all()


def test_dstack() -> None:
    for parts in ([V, V + 1], [M, M * 2], [X, Y, X]):
        np.testing.assert_array_equal(ops.dstack(parts), np.dstack(parts))
    np.testing.assert_array_equal(run_traced(lambda x, y: ops.dstack([x, y]), X, Y), np.dstack([X, Y]))


def test_parts_between_indices() -> None:
    for got, want in zip(ops.array_split(X, [1, 4], axis=2), np.array_split(X, [1, 4], axis=2), strict=True):
        np.testing.assert_array_equal(got, want)


def test_kronecker_product_of_a_batch_with_a_row() -> None:
    np.testing.assert_allclose(run_traced(lambda x: ops.kron(x, M[:1]), X[:, 0]), np.kron(X[:, 0], M[:1]), rtol=1e-6)


def test_names_of_dtypes() -> None:
    assert [ops.dtype(x) for x in (X, INTEGERS, MASK, ops.zeros(2), Variable(1.0))] == [
        *("float32", "int32", "bool", "float32", "float32")
    ]
    assert run_traced(lambda x: x if ops.dtype(x) == "float32" else -x, X).shape == X.shape


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_associative_scan(axis: int, reverse: bool) -> None:
    keras = pytest.importorskip("keras")

    def affine(first: Any, second: Any) -> Any:
        return {"a": first["a"] * second["a"], "b": first["b"] * second["a"] + second["b"]}

    expected = keras.ops.associative_scan(affine, {"a": X, "b": Y}, reverse, axis)
    got = ops.associative_scan(affine, {"a": X, "b": Y}, reverse, axis)
    traced = run_traced(
        lambda x, y: list(ops.associative_scan(affine, {"a": x, "b": y}, reverse, axis).values()),
        *(X, Y),
        batched=axis != 0,
    )
    for key, values in zip("ab", traced, strict=True):
        compare(got[key], expected[key])
        compare(values, expected[key])


@pytest.mark.parametrize(
    ("name", "function", "x"),
    [
        ("cdist", lambda o, x: o.cdist(x, o.add(x, W[:, None])), M),
        ("cross", lambda o, x: o.cross(x[:, :3], Y[0, :, :3]) * Y[0, :, 3:], M),
        ("kron", lambda o, x: o.square(o.kron(x, M[:2, :2])), M),
        ("trace", lambda o, x: o.square(o.trace(x, 1)), M),
        ("vander", lambda o, x: o.vander(x, 4), np.float32([0.1, 0.5, -2])),
        ("logaddexp", lambda o, x: o.logaddexp(x, o.where(x > 0, x, Y[0] * 1e8)), M),
        ("logsumexp", lambda o, x: o.logsumexp(x, -1), np.float32([[1, -np.inf, 2], [0, 0, 0]])),
        ("logaddexp2", lambda o, x: o.logaddexp2(x, Y[0]), M),
        ("erfc", lambda o, x: o.erfc(x), np.linspace(-4, 4, 33, dtype=np.float32)),
        ("i0", lambda o, x: o.i0(x), np.linspace(-6, 6, 24, dtype=np.float32)),
        ("corrcoef", lambda o, x: o.corrcoef(x) * np.arange(9, dtype=np.float32).reshape(3, 3), M),
        ("arccos", lambda o, x: o.arccos(x), np.float32([-1, -0.9, 0, 0.5, 1])),
        ("arcsin", lambda o, x: o.arcsin(x), np.float32([-1, -0.9, 0, 0.5, 1])),
        ("cbrt", lambda o, x: o.cbrt(x), np.float32([-8, -0.0, 0, 8])),
        ("mod", lambda o, x: o.mod(Y[0] * 9, x) + o.fmod(Y[0] * 9, x) + o.mod(x, 2), M),
        ("trapezoid", lambda o, x: o.trapezoid(Y[0], x), M),
        ("scatter_update", lambda o, x: o.scatter_update(M, PLACES[:3] % 3, x[:, 0]) * Y[0], M),
        ("scatter_update of", lambda o, x: o.scatter_update(x, PLACES[:3] % 3, W, "add") * Y[0], M),
        ("segment_max", lambda o, x: o.segment_max(x, GROUPS, 2) * Y[0, :2], M),
        ("attention", lambda o, x: o.dot_product_attention(x, x * 2, x, is_causal=True) * QUERY, QUERY),
        ("nanmedian", lambda o, x: o.nanmedian(x, axis=-1), HOLES[1]),
    ],
)
def test_gradients_as_in_keras(name: str, function: Callable, x: np.ndarray) -> None:
    keras = pytest.importorskip("keras")
    jax = pytest.importorskip("jax")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs on another backend")
    expected = np.asarray(jax.grad(lambda x: keras.ops.sum(function(keras.ops, x)))(x))
    np.testing.assert_allclose(gradient_of(lambda x: function(ops, x), x), expected, rtol=1e-4, atol=1e-5)


def test_the_tail_of_the_error_function_is_accurate() -> None:
    from math import erfc

    x = np.linspace(-6, 9, 301).astype(np.float32)
    exact = np.array([erfc(float(one)) for one in x])
    np.testing.assert_allclose(ops.erfc(x), exact, rtol=1e-6)
    np.testing.assert_array_equal(ops.erfc(np.float32([np.inf, -np.inf, np.nan])), [0, 2, np.nan])
    assert np.isfinite(gradient_of(ops.erfc, np.float32([1e20, -1e20, 0]))).all()


def test_equal_vectors_have_a_distance_without_infinite_slope() -> None:
    away = (M[0] - M[1:]) / np.linalg.norm(M[0] - M[1:], axis=1, keepdims=True)
    gradient = gradient_of(lambda x: ops.cdist(x, M), M[:1])
    np.testing.assert_allclose(gradient[0], away.sum(axis=0), rtol=1e-5)


def test_remainders_are_exact(isa: str) -> None:
    random = np.random.default_rng(0)
    a, b = (random.integers(0, 1 << 32, 40_000, np.uint32).view(np.float32) for _ in range(2))  # of every magnitude
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(ops.fmod(a, b), np.fmod(a, b))
        np.testing.assert_array_equal(ops.mod(a, b), np.mod(a, b))


def test_the_largest_of_nothing_may_be_given() -> None:
    np.testing.assert_array_equal(ops.max(X[:0], 0, initial=2.0), np.full((3, 6), 2))
    assert ops.max(X[:0, :, :0], 0).shape == (3, 0)


def test_length_of_nothing_has_no_slope() -> None:
    np.testing.assert_array_equal(gradient_of(lambda x: ops.hypot(x, 0.0), np.float32([0, -2])), [0, -1])


def test_powers_of_zero_have_a_slope() -> None:
    np.testing.assert_array_equal(gradient_of(lambda x: ops.vander(x, 4), np.float32([0, 1])), [1, 6])


def test_gradient_of_products_of_segments() -> None:
    gradient = gradient_of(lambda x: ops.segment_prod(x, GROUPS, 2), np.float32([[0, 2], [3, 4], [5, 0]]))
    np.testing.assert_array_equal(gradient, [[5, 0], [1, 1], [0, 2]])


def test_gradient_of_segments_without_rows_of_their_own() -> None:
    gradient = gradient_of(lambda x: ops.segment_sum(x, np.array([1, -1, 7]), 2) * Y[0, :2], M)
    np.testing.assert_array_equal(gradient, np.stack([Y[0, 1], M[0] * 0, M[0] * 0]))


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: ops.ldexp(X, Y), TypeError, "exponents of an integer dtype, received float32"),
        (lambda: ops.cross(X, Y), ValueError, "2 or 3 components, received 6 and 6"),
        (lambda: ops.cdist(X, W), ValueError, r"received \(4, 3, 6\) and \(3,\)"),
        (lambda: ops.psnr(X, M, 1.0), ValueError, r"equal shapes, received \(4, 3, 6\) and \(3, 6\)"),
        (lambda: ops.real(np.ones(2, complex)), TypeError, "Complex numbers"),
        (lambda: ops.norm(M, 2), ValueError, "for matrices 'fro', 1, -1, inf or -inf; received 2"),
        (lambda: ops.norm(X, 1), ValueError, r"shape \(4, 3, 6\) and axis None"),
        (lambda: ops.max(X[:0]), ValueError, r"max: there are no values over axis None of shape \(0, 3, 6\)"),
        (lambda: ops.min(X[:, :0], (1, 2)), ValueError, r"min: there are no values"),
        (lambda: ops.argmin(X[:, :0], 1), ValueError, r"argmin: there are no values"),
        (lambda: ops.pad(X, 1, "linear_ramp"), ValueError, "symmetric or wrap, received 'linear_ramp'"),
        (lambda: ops.moveaxis(X, (0, 1), 2), ValueError, "as many places as axes"),
        (lambda: ops.expand_dims(X, (0, 0)), ValueError, "repeated axis"),
        (lambda: ops.repeat(X, [1, 2], 1), ValueError, "expected 3 repeats"),
        (lambda: ops.rot90(V), ValueError, "two different axes"),
        (lambda: ops.depth_to_space(IMAGES, 3), ValueError, "size 8 cannot be split"),
        (lambda: ops.rearrange(M, "a (b c) -> a b", b=2), ValueError, "does not say where"),
        (lambda: ops.scatter_update(X, [[0]], 1.0, "mean"), ValueError, "received 'mean'"),
        (lambda: ops.scatter([[0, 0, 0]], [1.0], (3, 3)), ValueError, r"received \(1, 3\) for \(3, 3\)"),
        (lambda: ops.dot_product_attention(X, X, X), ValueError, r"received \(4, 3, 6\)"),
        (lambda: ops.histogram(X), ValueError, "expected a vector"),
        (lambda: ops.correlate(V, W, "whole"), ValueError, "mode 'whole'"),
        (lambda: ops.array_split(V, 0), ValueError, "one part or more"),
        (lambda: run_traced(lambda x: ops.view(x, "int32"), X), NotImplementedError, "ops.cast"),
        (lambda: run_traced(lambda x: ops.kron(x, M), X[:, 0]), ValueError, "batch cannot be repeated"),
        (lambda: run_traced(lambda x: ops.corrcoef(x), X[:, 0]), ValueError, "fixed shape"),
        (lambda: run_traced(lambda x: ops.scatter_update(x, [[0]], 1.0), X), ValueError, "for a fixed shape"),
        (lambda: run_traced(lambda i: ops.segment_max(M, i), W), ValueError, "segment_max: expected `num_segments`"),
        (lambda: run_traced(ops.bincount, W), ValueError, "bincount: expected `minlength`"),
    ],
)
def test_errors_say_what_was_expected(use: Callable, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        use()
