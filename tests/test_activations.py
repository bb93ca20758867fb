"""Activations: values and derivatives of Keras 3.15, names, errors."""

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import activations, layers, ops

POINTS = np.array([-3, -1, -0.5, 0.5, 1, 3], np.float32)

# name -> values at POINTS
VALUES = {
    "linear": [-3, -1, -0.5, 0.5, 1, 3],
    "relu": [0, 0, 0, 0.5, 1, 3],
    "leaky_relu": [-0.6, -0.2, -0.1, 0.5, 1, 3],
    "elu": [-0.9502130, -0.6321206, -0.3934693, 0.5, 1, 3],
    "celu": [-0.9502130, -0.6321206, -0.3934693, 0.5, 1, 3],
    "selu": [-1.6705688, -1.1113307, -0.6917582, 0.5253505, 1.0507010, 3.1521029],
    "gelu": [-0.0040497, -0.1586553, -0.1542688, 0.3457312, 0.8413447, 2.9959502],
    "silu": [-0.1422776, -0.2689414, -0.1887703, 0.3112297, 0.7310586, 2.8577223],
    "swish": [-0.1422776, -0.2689414, -0.1887703, 0.3112297, 0.7310586, 2.8577223],
    "mish": [-0.1456474, -0.3034014, -0.2207438, 0.3752452, 0.8650985, 2.9865355],
    "softplus": [0.0485874, 0.3132617, 0.4740769, 0.9740770, 1.3132617, 3.0485873],
    "softsign": [-0.75, -0.5, -0.3333333, 0.3333333, 0.5, 0.75],
    "hard_sigmoid": [0, 0.3333333, 0.4166667, 0.5833333, 0.6666667, 1],
    "hard_silu": [0, -0.3333333, -0.2083333, 0.2916667, 0.6666667, 3],
    "hard_swish": [0, -0.3333333, -0.2083333, 0.2916667, 0.6666667, 3],
    "relu6": [0, 0, 0, 0.5, 1, 3],
    "hard_tanh": [-1, -1, -0.5, 0.5, 1, 1],
    "squareplus": [0.3027756, 0.6180340, 0.7807764, 1.2807764, 1.6180340, 3.3027756],
    "sparse_plus": [0, 0, 0.0625, 0.5625, 1, 3],
    "sparse_sigmoid": [0, 0, 0.25, 0.75, 1, 1],
    "tanh_shrink": [-2.0049453, -0.2384058, -0.0378828, 0.0378828, 0.2384058, 2.0049453],
    "soft_shrink": [-2.5, -0.5, 0, 0, 0.5, 2.5],
    "hard_shrink": [-3, -1, 0, 0, 1, 3],
    "sigmoid": list(1 / (1 + np.exp(-np.float64(POINTS)))),
    "log_sigmoid": list(-np.log1p(np.exp(-np.float64(POINTS)))),
    "tanh": list(np.tanh(np.float64(POINTS))),
    "exponential": list(np.exp(np.float64(POINTS))),
}
# name -> derivatives at -1, 0, 1
SLOPES = {
    "relu": [0, 0, 1],
    "leaky_relu": [0.2, None, 1],
    "elu": [0.3678795, 1, 1],
    "selu": [0.6467686, 1.7580993, 1.0507010],
    "gelu": [-0.0833155, 0.5, 1.0833155],
    "silu": [0.0723295, 0.5, 0.9276705],
    "mish": [0.0592168, 0.6, 1.0490361],
    "softplus": [0.2689414, 0.5, 0.7310586],
    "hard_sigmoid": [1 / 6, 1 / 6, 1 / 6],
    "hard_silu": [1 / 6, 0.5, 5 / 6],
}


def test_every_activation_is_tested() -> None:
    elsewhere = {"softmax", "log_softmax", "threshold", "glu", "sparsemax"}
    assert set(VALUES) | elsewhere == {*activations.functions, "swish", "hard_swish"}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    function = activations.get(name)
    np.testing.assert_allclose(function(POINTS), VALUES[name], rtol=1e-6, atol=2e-7)
    np.testing.assert_allclose(run_traced(function, POINTS), VALUES[name], rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives(name: str) -> None:
    slopes = gradient_of(activations.get(name), np.array([-1, 0, 1], np.float32))
    for slope, expected in zip(slopes, SLOPES[name], strict=True):
        if expected is not None:
            assert slope == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_approximate_gelu_and_general_relu() -> None:
    expected = [-0.0036373, -0.1588079, -0.1542860, 0.3457140, 0.8411920, 2.9963627]
    np.testing.assert_allclose(activations.gelu(POINTS, approximate=True), expected, rtol=1e-5, atol=1e-7)
    general = activations.relu(POINTS, negative_slope=0.1, max_value=2, threshold=1)
    np.testing.assert_allclose(general, [-0.4, -0.2, -0.15, -0.05, 0, 2], atol=1e-7)
    np.testing.assert_allclose(activations.threshold(POINTS, 0.7, 9), [9, 9, 9, 9, 1, 3])


def test_softmax_is_stable_along_any_axis() -> None:
    x = np.array([[1000.0, 1000.0], [-1000.0, 0.0]])
    np.testing.assert_allclose(activations.softmax(x), [[0.5, 0.5], [0, 1]], atol=1e-7)
    np.testing.assert_allclose(activations.softmax(x, axis=0), [[1, 1], [0, 0]], atol=1e-7)
    np.testing.assert_allclose(activations.log_softmax(x)[1], [-1000, 0])


def test_glu_and_sparsemax() -> None:
    x = np.array([[1.0, 2.0, 0.0, 1.0]], np.float32)
    np.testing.assert_allclose(activations.glu(x), [[0.5, 2 / (1 + np.exp(-1))]], rtol=1e-6)
    np.testing.assert_allclose(activations.sparsemax(x), [[0, 1, 0, 0]], atol=1e-7)
    np.testing.assert_allclose(activations.sparsemax(x / 4), [[0.25, 0.5, 0, 0.25]], atol=1e-6)
    many = np.random.default_rng(0).normal(size=(50, 9)).astype(np.float32)
    y = activations.sparsemax(many)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-5)
    # The nearest point of the simplex: the same distance wherever positive, a larger one elsewhere.
    tau = np.max(many - y, axis=1, where=y > 0, initial=-np.inf)[:, None]
    np.testing.assert_allclose(y, np.maximum(many - tau, 0), atol=1e-6)
    np.testing.assert_allclose(activations.sparsemax(x.T / 4, axis=0)[:, 0], [0.25, 0.5, 0, 0.25], atol=1e-6)


def test_get() -> None:
    layer = layers.LeakyReLU(negative_slope=0.2)
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get(layer) is layer
    assert activations.serialize(activations.get("swish")) == "silu"
    twin = activations.get(activations.serialize(layer))
    assert (type(twin), twin.negative_slope) == (layers.LeakyReLU, 0.2)
    with pytest.raises(ValueError, match=r"Unknown activation 'rleu'. Did you mean .*'relu'"):
        activations.get("rleu")
    with pytest.raises(ValueError, match="Cannot make an activation of 3"):
        activations.get(3)


def test_own_function_is_traced() -> None:
    def leaky_tanh(x):
        return ops.tanh(x) + 0.01 * x

    dense = layers.Dense(2, activation=leaky_tanh, kernel_initializer="identity")
    x = np.array([[1.0, -2.0]], np.float32)
    np.testing.assert_allclose(dense(x), np.tanh(x) + 0.01 * x, rtol=1e-6)
