"""Normalization: adapting to arrays and batches, given statistics, axes, inversion."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers

RNG = np.random.default_rng(0)
X = RNG.normal(5, 3, size=(60, 4, 3)).astype(np.float32)


def test_golden_numbers() -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[1.0], [2.0], [4.0]]))
    assert float(layer.mean.squeeze()) == pytest.approx(2.3333333)
    assert float(layer.variance.squeeze()) == pytest.approx(1.5555556)
    np.testing.assert_allclose(layer(np.array([[1.0]])), [[-1.069045]], rtol=1e-6)
    assert [(w.name, w.shape) for w in layer.weights] == [("mean", (1,)), ("variance", (1,)), ("count", ())]
    constant = layers.Normalization()
    constant.adapt(np.full((3, 1), 2.0))
    np.testing.assert_allclose(constant(np.array([[3.0]])), [[1e7]])


@pytest.mark.parametrize(
    ("axis", "over"), [(-1, (0, 1)), (None, (0, 1, 2)), ((1, 2), (0,)), ([2, 1], (0,)), (1, (0, 2))]
)
def test_axes(axis: object, over: tuple) -> None:
    layer = layers.Normalization(axis=axis)
    layer.adapt(X)
    mean, std = X.mean(over, keepdims=True), X.std(over, keepdims=True)
    np.testing.assert_allclose(layer(X), (X - mean) / std, rtol=1e-4, atol=1e-5)
    back = layers.Normalization(axis=axis, invert=True)
    back.adapt(X)
    np.testing.assert_allclose(back(layer(X)), X, rtol=1e-4, atol=1e-4)


def test_batches_and_conversions() -> None:
    whole = layers.Normalization()
    whole.adapt(X)
    batches = [X[:7], X[7:50], X[50:]]
    for data in (batches, iter(batches), [(x, np.zeros(len(x))) for x in batches], X.astype(np.float64), X.tolist()):
        layer = layers.Normalization()
        layer.adapt(data)
        for own, expected in zip(layer.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_allclose(own, expected, rtol=1e-5)


def test_large_offsets_keep_their_variance() -> None:
    layer = layers.Normalization(axis=None)
    layer.adapt(np.arange(100, dtype=np.float64) + 1e7)
    assert float(layer.adapt_variance) == pytest.approx(np.arange(100).var(), rel=1e-5)


def test_given_statistics() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 4.0, 1.0])
    np.testing.assert_allclose(layer(X), (X - [1, 2, 3]) / [2, 2, 1], rtol=1e-5)
    assert layer.weights == []
    twin = layers.deserialize(layers.serialize(layer))
    np.testing.assert_array_equal(twin(X), layer(X))
    with pytest.raises(ValueError, match="nothing to adapt"):
        layer.adapt(X)


def test_in_a_model_adapting_again_takes_effect() -> None:
    layer = layers.Normalization()
    layer.adapt(X)
    model = keras.Sequential([layer, layers.Flatten()])
    np.testing.assert_allclose(model.predict(X, verbose=0).mean(), 0, atol=1e-5)
    layer.adapt(X + 100)
    assert model.predict(X, verbose=0).mean() < -30
    state = layer.get_weights()
    other = layers.Normalization()
    other.build(X.shape)
    other.set_weights(state)
    np.testing.assert_array_equal(other(X), layer(X))


def test_errors() -> None:
    with pytest.raises(ValueError, match="expected both `mean` and `variance`"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match=r"of one shape.*received shapes \(2,\) and \(3,\)"):
        layers.Normalization(mean=[1, 2], variance=[1, 2, 3])
    with pytest.raises(ValueError, match=r"expected axis \(3,\) to be of fixed size"):
        layers.Normalization(axis=3).adapt(X)
    with pytest.raises(ValueError, match=r"received no data"):
        layers.Normalization().adapt([])
    layer = layers.Normalization()
    layer.adapt(X)
    with pytest.raises(ValueError, match=r"expected data of sizes \(3,\) along axis \(-1,\), received shape \(60, 4\)"):
        layer.adapt(X[..., 0])
