"""Masking, TimeDistributed, wrappers and what masks do on their way through a model."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4, 2)).astype(np.float32)
X[0, 2:] = 0
X[2, :1] = 0
COUNTS = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]], bool)


class SumOfSteps(layers.Layer):
    """The sum over time of what a mask leaves."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs, mask=None):
        from ravine import ops

        return ops.sum(inputs if mask is None else ops.where(ops.expand_dims(mask, -1), inputs, 0.0), axis=1)


def test_masking() -> None:
    np.testing.assert_array_equal(layers.Masking().compute_mask(X), COUNTS)
    shifted = np.where(COUNTS[..., None], X, 9)
    np.testing.assert_array_equal(layers.Masking(mask_value=9)(shifted), X)


@pytest.mark.parametrize(
    "between",
    [
        layers.Dense(2, kernel_initializer="identity", bias_initializer="ones"),
        layers.TimeDistributed(layers.Dense(2, kernel_initializer="identity", bias_initializer="ones")),
        layers.Rescaling(1.0, offset=1.0),
        layers.BatchNormalization(beta_initializer="ones", epsilon=0.0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_masks_pass_through(between: layers.Layer) -> None:
    model = keras.Sequential([keras.Input((4, 2)), layers.Masking(), between, layers.Dropout(0.5), SumOfSteps()])
    expected = np.where(COUNTS[..., None], X + 1, 0).sum(1)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_batch_normalization_counts_only_what_the_mask_leaves() -> None:
    layer = layers.BatchNormalization(momentum=0.0)
    y = layer(X, training=True, mask=COUNTS)
    kept = X[COUNTS]
    np.testing.assert_allclose(layer.moving_mean, kept.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, kept.var(0), rtol=1e-4)
    np.testing.assert_allclose(y[COUNTS], (kept - kept.mean(0)) / np.sqrt(kept.var(0) + 1e-3), rtol=1e-3, atol=1e-4)


def test_time_distributed_trains() -> None:
    model = keras.Sequential([keras.Input((4, 2)), layers.TimeDistributed(layers.Dense(1)), layers.Flatten()])
    model.compile(keras.optimizers.SGD(0.2), "mse")
    history = model.fit(X, X.sum(2), epochs=100, verbose=0).history["loss"]
    assert history[-1] < 1e-2 * history[0]
    assert model.count_params() == 3
    with pytest.raises(ValueError, match=r"input of rank 3 or more with a fixed number of time steps"):
        layers.TimeDistributed(layers.Dense(1)).compute_output_shape((None, 3))
    with pytest.raises(ValueError, match="expected `layer` to be a layer, received 3"):
        layers.TimeDistributed(3)


def test_spectral_normalization() -> None:
    layer = layers.SpectralNormalization(layers.Dense(3), power_iterations=30)
    x = RNG.normal(size=(4, 5)).astype(np.float32)
    layer(x)
    before = layer.kernel.numpy()
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    np.testing.assert_array_equal(layer.kernel.numpy(), before)
    layer(x, training=True)
    assert np.linalg.norm(layer.kernel.numpy(), 2) == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(layer.kernel.numpy() * np.linalg.norm(before, 2), before, rtol=1e-2)
    layer.kernel.assign(0 * before)
    assert np.isfinite(layer(x, training=True)).all()
    assert not layer.kernel.numpy().any()
    with pytest.raises(ValueError, match="`power_iterations` to be 1 or more, received 0"):
        layers.SpectralNormalization(layers.Dense(3), power_iterations=0)
    with pytest.raises(ValueError, match="a layer with a kernel or embeddings"):
        layers.SpectralNormalization(layers.Flatten())(x)
