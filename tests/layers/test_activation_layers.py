"""The activation layers that Keras does not have, and masks in Softmax."""

import numpy as np
import pytest
from tracing import gradient_of

import ravine as keras
from ravine import layers

POINTS = np.array([[-3, -1, -0.5, 0.5, 1, 3]], np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.float64(x)))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.SELU(), [-1.6705688, -1.1113307, -0.6917582, 0.5253505, 1.0507010, 3.1521029]),
        (layers.GELU(), [-0.0040497, -0.1586553, -0.1542688, 0.3457312, 0.8413447, 2.9959502]),
        (layers.GELU(approximate=True), [-0.0036373, -0.1588079, -0.1542860, 0.3457140, 0.8411920, 2.9963627]),
        (layers.Swish(), [-0.1422776, -0.2689414, -0.1887703, 0.3112297, 0.7310586, 2.8577223]),
        (layers.Swish(beta=2.0), POINTS[0] * sigmoid(2 * POINTS[0])),
        (layers.Swish(beta=2.0, learn_beta=True), POINTS[0] * sigmoid(2 * POINTS[0])),
        (layers.Mish(), [-0.1456474, -0.3034014, -0.2207438, 0.3752452, 0.8650985, 2.9865355]),
        (layers.ThresholdedReLU(), [0, 0, 0, 0, 0, 3]),
        (layers.ThresholdedReLU(theta=0.7), [0, 0, 0, 0, 1, 3]),
    ],
)
def test_values_and_configurations(layer: layers.Layer, expected: list) -> None:
    np.testing.assert_allclose(layer(POINTS)[0], expected, rtol=1e-5, atol=2e-7)
    assert layer.compute_output_shape((None, 6)) == (None, 6)
    config = layers.serialize(layer)
    assert config["module"] == "ravine.layers"
    np.testing.assert_array_equal(layers.deserialize(config)(POINTS), layer(POINTS))
    as_activation = layers.Dense(6, activation=layer, kernel_initializer="identity")
    np.testing.assert_allclose(as_activation(POINTS)[0], expected, rtol=1e-5, atol=2e-7)


def test_beta_is_learned() -> None:
    layer = layers.Swish(learn_beta=True)
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    model.fit(x, x * sigmoid(3 * x), epochs=60, verbose=0)
    assert [w.name for w in layer.weights] == ["beta"]
    assert float(layer.beta) == pytest.approx(3, abs=0.1)
    assert layers.Swish().weights == []


def test_selu_layers_keep_the_moments() -> None:
    x = np.random.default_rng(0).normal(size=(200, 100)).astype(np.float32)
    keras.utils.set_random_seed(1)
    stack = [part for _ in range(20) for part in (layers.Dense(100, kernel_initializer="lecun_normal"), layers.SELU())]
    y = keras.Sequential([keras.Input((100,)), *stack]).predict(x, verbose=0)
    assert abs(y.mean()) < 0.2
    assert 0.8 < y.std() < 1.2


def test_masked_softmax() -> None:
    mask = np.array([[1, 1, 0, 0, 1, 0]], bool)
    y = layers.Softmax()(POINTS, mask=mask)
    expected = np.where(mask, np.exp(POINTS), 0)
    np.testing.assert_allclose(y, expected / expected.sum(), rtol=1e-6)
    np.testing.assert_allclose(layers.Softmax()(POINTS, mask=mask.astype(np.float32)), y)
    assert np.isfinite(layers.Softmax()(POINTS, mask=np.zeros_like(mask))).all()
    with pytest.raises(ValueError, match=r"a mask that broadcasts to the inputs' shape .*received shape \(1, 5\)"):
        layers.Softmax()(POINTS, mask=mask[:, 1:])


def test_slopes_at_the_corners() -> None:
    zero = np.zeros((1, 1), np.float32)
    for layer, slope in ((layers.ReLU(), 0), (layers.SELU(), 1.7580993), (layers.Mish(), 0.6), (layers.Swish(), 0.5)):
        assert float(gradient_of(layer, zero)[0, 0]) == pytest.approx(slope, rel=1e-5)


def test_errors() -> None:
    with pytest.raises(ValueError, match="`theta` to be 0 or more, received -1"):
        layers.ThresholdedReLU(-1)
