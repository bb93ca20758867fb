"""Batch normalization: statistics, moving averages, modes, axes, gradients."""

import numpy as np
import pytest

from ravine import layers, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(6, 4)).astype(np.float32)


def normalized(x: np.ndarray, axes: tuple) -> np.ndarray:
    x = x.astype(float)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)


def test_training_mode() -> None:
    layer = layers.BatchNormalization()
    y = layer(X, training=True)
    np.testing.assert_allclose(y, normalized(X, (0,)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.01 * X.mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, 0.99 + 0.01 * X.var(0), rtol=1e-4)
    layer(X, training=True)
    np.testing.assert_allclose(layer.moving_mean, 0.0199 * X.mean(0), rtol=1e-4)
    names = [(v.name, v.trainable) for v in layer.variables]
    assert names == [("gamma", True), ("beta", True), ("moving_mean", False), ("moving_variance", False)]


def test_inference_mode() -> None:
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    layer.set_weights([np.arange(4) + 1.0, np.arange(4), X.mean(0), X.var(0)])
    expected = normalized(X, (0,)) * (np.arange(4) + 1) + np.arange(4)
    for arguments in ({}, {"training": False}):
        np.testing.assert_allclose(layer(X, **arguments), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer.moving_mean, X.mean(0))


def test_frozen_layer_is_in_inference_mode() -> None:
    layer = layers.BatchNormalization()
    layer(X, training=True)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_allclose(layer(X, training=True), layer(X, training=False))
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    layer.trainable = True
    np.testing.assert_allclose(layer(X, training=True), normalized(X, (0,)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("axis", "axes"), [(-1, (0, 1, 2)), (3, (0, 1, 2)), (1, (0, 2, 3)), (2, (0, 1, 3))])
def test_axes(axis: int, axes: tuple) -> None:
    images = RNG.normal(1, 2, size=(3, 4, 5, 6)).astype(np.float32)
    layer = layers.BatchNormalization(axis=axis)
    np.testing.assert_allclose(layer(images, training=True), normalized(images, axes), rtol=1e-3, atol=1e-4)
    assert layer.moving_mean.shape == (images.shape[axis],)
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    expected = (images - layer.moving_mean.numpy().reshape(shape)) / np.sqrt(
        layer.moving_variance.numpy().reshape(shape) + 1e-3
    )
    np.testing.assert_allclose(layer(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_without_scale_or_center(scale: bool, center: bool) -> None:
    layer = layers.BatchNormalization(scale=scale, center=center, momentum=0.0)
    y = layer(X, training=True)
    assert len(layer.trainable_weights) == scale + center
    np.testing.assert_allclose(y, normalized(X, (0,)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(X), y, rtol=1e-4, atol=1e-5)


def test_gradients() -> None:
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    c = RNG.normal(size=X.shape).astype(np.float32)
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 4))
        weights = trace.input("c", (None, 4))
        loss = ops.sum(layer(x, training=True) * weights)
        gradients = trace.gradients(loss, [x, *layer.trainable_weights])
    results = trace.program([x, weights], gradients).run([X, c])
    x64, step = X.astype(float), 1e-4

    def value(x: np.ndarray) -> float:
        return (normalized(x, (0,)) * c).sum()

    expected = np.zeros_like(x64)
    for index in np.ndindex(*X.shape):
        shift = np.zeros_like(x64)
        shift[index] = step
        expected[index] = (value(x64 + shift) - value(x64 - shift)) / (2 * step)
    np.testing.assert_allclose(results[0], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(results[1], (normalized(X, (0,)) * c).sum(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(results[2], c.sum(0), rtol=1e-5, atol=1e-6)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"BatchNormalization 'bn': expected axis 3 to be a fixed dimension.*\(6, 4\)"):
        layers.BatchNormalization(axis=3, name="bn")(X)
    with pytest.raises(ValueError, match="other than the batch"):
        layers.BatchNormalization(axis=0)(X)
    with pytest.raises(ValueError, match="`renorm` is not supported"):
        layers.BatchNormalization(renorm=True)
    layer = layers.BatchNormalization(name="bn2")
    layer(X)
    with pytest.raises(ValueError, match=r"'bn2': expected dimension -1 to be 4, received shape \(2, 3\)"):
        layer(np.zeros((2, 3)))
