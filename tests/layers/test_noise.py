"""The random layers: moments, modes, seeds, shapes; MC dropout as a subclass."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(200, 500)).astype(np.float32)
ONES = np.ones((200, 500), np.float32)

NOISES = [
    layers.AlphaDropout(0.2, seed=1),
    layers.Dropout(0.2, seed=1),
    layers.GaussianDropout(0.2, seed=1),
    layers.GaussianNoise(0.2, seed=1),
]


def name_of(layer: layers.Layer) -> str:
    return type(layer).__name__


@pytest.mark.parametrize("layer", NOISES, ids=name_of)
def test_identity_in_inference_and_new_numbers_in_every_step(layer: layers.Layer) -> None:
    np.testing.assert_array_equal(layer(NORMAL), NORMAL)
    np.testing.assert_array_equal(layer(NORMAL, training=False), NORMAL)
    first, second = layer(NORMAL, training=True), layer(NORMAL, training=True)
    assert not np.array_equal(first, second)
    twin = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(twin(NORMAL, training=True), first)


@pytest.mark.parametrize("layer", [*NOISES, layers.RReLU(seed=1)], ids=name_of)
def test_a_rate_of_zero_or_no_width_is_the_identity(layer: layers.Layer) -> None:
    still = {"rate": 0.0, "stddev": 0.0, "lower": 1.0, "upper": 1.0}
    config = layer.get_config()
    calm = type(layer).from_config({**config, **{k: v for k, v in still.items() if k in config}})
    np.testing.assert_allclose(calm(NORMAL, training=True), NORMAL, rtol=1e-6)


def test_alpha_dropout_keeps_the_moments() -> None:
    """Golden numbers of rate 0.1: a 0.92128452, b 0.16197097, dropped units -1.45773873."""
    y = layers.AlphaDropout(0.1, seed=1)(NORMAL, training=True)
    dropped = np.isclose(y, -1.45773873)
    assert dropped.mean() == pytest.approx(0.1, abs=0.005)
    np.testing.assert_allclose(y[~dropped], 0.92128452 * NORMAL[~dropped] + 0.16197097, rtol=1e-5, atol=1e-6)
    assert y.mean() == pytest.approx(NORMAL.mean(), abs=0.01)
    assert y.std() == pytest.approx(1, abs=0.01)
    same = layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1)(NORMAL, training=True)
    assert (np.ptp(same, axis=1) == 0).mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(layers.AlphaDropout(1)(ONES, training=True), 0 * ONES)


def test_gaussian_moments() -> None:
    y = layers.GaussianNoise(0.3, seed=1)(NORMAL, training=True) - NORMAL
    assert (y.mean(), y.std()) == (pytest.approx(0, abs=0.01), pytest.approx(0.3, abs=0.01))
    y = layers.GaussianDropout(0.2, seed=1)(ONES, training=True)
    assert (y.mean(), y.std()) == (pytest.approx(1, abs=0.01), pytest.approx(0.5, abs=0.01))


@pytest.mark.parametrize(
    ("layer", "shape", "one_decision"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (8, 5, 16), (1,)),
        (layers.SpatialDropout2D(0.5, seed=1), (8, 5, 4, 16), (1, 2)),
        (layers.SpatialDropout2D(0.5, "channels_first", seed=1), (8, 16, 5, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5, seed=1), (8, 2, 3, 4, 16), (1, 2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_channels(layer: layers.Layer, shape: tuple, one_decision: tuple) -> None:
    y = layer(np.ones(shape, np.float32), training=True)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert np.ptp(y, axis=one_decision).max() == 0
    assert 0.3 < y.mean() / 2 < 0.7
    with pytest.raises(ValueError, match=f"expected input of rank {len(shape)}"):
        layer(np.ones((3, 4), np.float32))


def test_rrelu() -> None:
    layer = layers.RReLU(seed=3)
    slopes = layer(-ONES, training=True) * -1
    assert slopes.min() >= 1 / 8 - 1e-6
    assert slopes.max() <= 1 / 3 + 1e-6
    assert slopes.mean() == pytest.approx((1 / 8 + 1 / 3) / 2, abs=0.002)
    assert slopes.std() == pytest.approx((1 / 3 - 1 / 8) / np.sqrt(12), abs=0.002)
    np.testing.assert_array_equal(layer(ONES, training=True), ONES)
    np.testing.assert_allclose(layer(-ONES), -0.22916667 * ONES, rtol=1e-6)
    with pytest.raises(ValueError, match=r"expected 0 <= lower <= upper, received 0\.5 and"):
        layers.RReLU(0.5, 0.1)


def test_the_gradient_of_rrelu_is_the_slope_of_its_step() -> None:
    layer = layers.RReLU(seed=3)
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 500))
        y = layer(x, training=True)
        [gradient] = trace.gradients(ops.sum(y), [x])
    y, slope = trace.program([x], [y, gradient]).run([-ONES])
    np.testing.assert_allclose(-y, slope)


def test_mc_dropout_subclass_draws_anew_in_every_call() -> None:
    class MCDropout(layers.Dropout):
        def call(self, inputs, training=False):
            return super().call(inputs, training=True)

    model = keras.Sequential([keras.Input((500,)), MCDropout(0.5), layers.Dense(1)])
    first, second = model.predict(NORMAL[:5], verbose=0), model.predict(NORMAL[:5], verbose=0)
    assert not np.array_equal(first, second)
    assert not np.array_equal(model(NORMAL[:5]), model(NORMAL[:5]))


@pytest.mark.parametrize("layer", [*NOISES, layers.RReLU(), layers.SpatialDropout1D(0.3)], ids=name_of)
def test_a_model_trains_through_it(layer: layers.Layer) -> None:
    layer = type(layer).from_config(layer.get_config())
    model = keras.Sequential([keras.Input((3, 4)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = NORMAL[:32, :12].reshape(32, 3, 4)
    before = model.evaluate(x, x.sum((1, 2)), verbose=0)
    model.fit(x, x.sum((1, 2)), epochs=20, verbose=0)
    assert model.evaluate(x, x.sum((1, 2)), verbose=0) < before


def test_errors() -> None:
    with pytest.raises(ValueError, match="GaussianNoise 'n': expected `stddev` to be a number from 0 to 1, rec"):
        layers.GaussianNoise(-1, name="n")
    with pytest.raises(ValueError, match="expected `rate` to be below 1, received 1: its noise would be infinite"):
        layers.GaussianDropout(1)
    with pytest.raises(ValueError, match=r"from 0 to 1, received 1\.1"):
        layers.AlphaDropout(1.1)
