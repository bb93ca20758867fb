"""Every activation beside its Keras twin: values, derivatives, names and configurations."""

from __future__ import annotations

import functools
import inspect
from types import ModuleType

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import activations, layers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

# Off the corners, where one-sided derivatives are a matter of taste.
POINTS = np.random.default_rng(0).normal(0, 2, size=(7, 8)).astype(np.float32)
POINTS[0, :4] = [30, -30, 88, -88]

CASES: list[tuple[str, dict]] = [
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("elu", {}),
    ("elu", {"alpha": 0.5}),
    ("exponential", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("glu", {}),
    ("glu", {"axis": 1}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.5}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_swish", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.5}),
    ("linear", {}),
    ("log_sigmoid", {}),
    ("log_softmax", {}),
    ("mish", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.25, "max_value": 2.0, "threshold": 0.5}),
    ("relu6", {}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 1.5}),
    ("softmax", {}),
    ("softmax", {"axis": 1}),
    ("softplus", {}),
    ("softsign", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 1}),
    ("swish", {}),
    ("tanh", {}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 0.5, "default_value": 2.0}),
]
# Its rows do not sum to 1 in Keras when more than one value stays positive.
NOT_COMPARED = {"sparsemax"}
OVERFLOW = {"exponential"}  # the derivative of e^88 times a weight


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def test_every_public_name_has_a_case(keras: ModuleType) -> None:
    names = {name for name in dir(keras.activations) if not name.startswith("_")} - {"get", "serialize", "deserialize"}
    assert names - {name for name, _ in CASES} == NOT_COMPARED
    for name in names:
        theirs, own = (inspect.signature(getattr(m.activations, name)) for m in (keras, __import__("ravine")))
        assert [(p.name, p.default) for p in own.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ], name


def inputs_and_weights(name: str) -> tuple[np.ndarray, np.ndarray]:
    """What the case is evaluated at, and the weights of the sum of results that is differentiated."""
    x = np.clip(POINTS, -5, 5) if name in OVERFLOW else POINTS
    weight = np.cos(np.arange(x.size, dtype=np.float32)).reshape(x.shape)
    return x, weight[:, : x.shape[1] // 2] if name == "glu" else weight


@pytest.fixture(scope="module")
def expected(keras: ModuleType) -> list:
    """Values and gradients of all cases, compiled at once, which takes Keras the least time."""
    import jax

    def one(name: str, arguments: dict) -> tuple:
        x, weight = inputs_and_weights(name)
        function = functools.partial(getattr(keras.activations, name), **arguments)
        return function(x), jax.grad(lambda x: (function(x) * weight).sum())(jax.numpy.asarray(x))

    return jax.jit(lambda: [one(*case) for case in CASES])()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_values_and_derivatives(expected: list, case: tuple) -> None:
    name, arguments = case
    x, weight = inputs_and_weights(name)
    value, gradient = expected[CASES.index(case)]
    function = functools.partial(getattr(activations, name), **arguments)
    np.testing.assert_allclose(function(x), value, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(run_traced(function, x), value, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(gradient_of(lambda x: function(x) * weight, x), gradient, rtol=2e-5, atol=2e-6)


def test_names_and_configurations(keras: ModuleType) -> None:
    for name in {name for name, _ in CASES} | NOT_COMPARED:
        theirs, own = keras.activations.get(name), activations.get(name)
        assert activations.serialize(own) == keras.activations.serialize(theirs), name
        assert activations.deserialize(name) is own
    layer = layers.LeakyReLU(0.1, name="leaky")
    expected = keras.activations.serialize(keras.layers.LeakyReLU(0.1, name="leaky"))
    if isinstance(expected, dict):  # else Keras gives its name only, which says less
        assert activations.serialize(layer) == expected
