"""Monte Carlo dropout in one call."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops, random
from ravine.tuning import MCPrediction, mc_predict

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(50, 6)).astype("float32")
Y = (X @ DRAW.normal(size=(6, 3))).argmax(axis=1)


def classifier(*dropout: layers.Layer, last: str | None = "softmax", units: int = 3) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    net = keras.Sequential([layers.Input((6,)), layers.Dense(20, activation="relu"), layers.BatchNormalization()])
    for layer in dropout or (layers.Dropout(0.4),):
        net.add(layer)
    net.add(layers.Dense(units, activation=last))
    net.compile("adam", "sparse_categorical_crossentropy" if units > 1 else "mse")
    if units > 1:
        net.fit(X, Y, epochs=2, verbose=0)
    return net


def state_of(net: keras.Model) -> list[bytes]:
    variables = list(net.variables)
    for layer in net._flatten_layers():
        variables += [v.state for v in vars(layer).values() if isinstance(v, random.SeedGenerator)]
    return [v.numpy().tobytes() for v in variables]


def test_statistics_are_those_of_the_passes() -> None:
    result = mc_predict(classifier(), X, samples=30, keep=True)
    assert isinstance(result, MCPrediction)
    p = result.predictions.astype(np.float64)
    assert p.shape == (30, 50, 3)
    assert result.passes == 30
    mean = p.mean(axis=0)
    np.testing.assert_allclose(result.mean, mean, atol=1e-6)
    np.testing.assert_allclose(result.std, p.std(axis=0), atol=1e-6)
    entropy = -(mean * np.log(mean)).sum(axis=1)
    np.testing.assert_allclose(result.entropy, entropy, rtol=1e-5)
    within = -(p * np.log(p)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(result.mutual_information, entropy - within, atol=1e-6)
    assert (result.mutual_information >= 0).all()
    assert (result.std > 0).any()
    assert (p[0] != p[1]).any()


def test_only_dropout_is_in_training_mode() -> None:
    net = classifier(layers.Dropout(0.4, seed=5))
    before = state_of(net)
    result = mc_predict(net, X, samples=400, seed=2)
    assert state_of(net) == before  # the moving statistics and the streams of the masks
    assert net.layers[2].seed_generator.seed == 5
    # Batch normalization with the batch's own statistics would be far from this.
    w, b = net.layers[-1].get_weights()
    hidden = keras.Sequential(net.layers[:2])(X)
    draw = np.random.default_rng(0)
    masks = (draw.random((4000, 1, 20)) >= 0.4) / 0.6
    z = (np.asarray(hidden) * masks) @ w + b
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(result.mean, p.mean(axis=0), atol=0.07)
    np.testing.assert_allclose(result.std, p.std(axis=0), atol=0.05)


def test_every_row_has_its_own_mask() -> None:
    net = classifier()
    same = np.repeat(X[:1], 200, axis=0)
    result = mc_predict(net, same, samples=3, keep=True)
    assert len(np.unique(result.predictions[:, :, 0])) > 300
    np.testing.assert_allclose(mc_predict(net, same, samples=200).mean.std(axis=0), 0, atol=0.02)


def test_seeds() -> None:
    net = classifier()
    first, again = mc_predict(net, X, 5, seed=1), mc_predict(net, X, 5, seed=1)
    assert np.array_equal(first.mean, again.mean)
    assert not np.array_equal(first.mean, mc_predict(net, X, 5, seed=2).mean)
    assert not np.array_equal(mc_predict(net, X, 5).mean, mc_predict(net, X, 5).mean)
    keras.utils.set_random_seed(9)
    a = mc_predict(net, X, 5).mean
    keras.utils.set_random_seed(9)
    assert np.array_equal(a, mc_predict(net, X, 5).mean)
    other = classifier()
    other.set_weights(net.get_weights())
    assert np.array_equal(first.mean, mc_predict(other, X, 5, seed=1).mean)  # the seeds of the layers do not count


def test_passes_in_several_calls_of_the_engine_are_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from ravine.tuning import monte_carlo

    monkeypatch.setattr(monte_carlo, "_MOST_VALUES", 4 * X.shape[0] * 3)
    result = mc_predict(classifier(), X, samples=10, batch_size=16, keep=True)
    assert result.predictions.shape == (10, 50, 3)
    assert len(np.unique(result.predictions[:, 0, 0])) == 10


def test_the_chapters_layer() -> None:
    class MCDropout(layers.Dropout):
        def call(self, inputs, training=False):
            return super().call(inputs, training=True)

    net = classifier(MCDropout(0.4))
    assert not np.array_equal(net.predict(X, verbose=0), net.predict(X, verbose=0))
    by_hand = np.stack([net.predict(X, verbose=0) for _ in range(300)])
    result = mc_predict(net, X, samples=300)
    np.testing.assert_allclose(result.mean, by_hand.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(result.std, by_hand.std(axis=0), atol=0.05)


def test_other_noise() -> None:
    class Noise(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.generator = random.SeedGenerator()

        def call(self, x, training=False):
            return x * random.dropout(ops.ones_like(x), 0.5, seed=self.generator) if training else x

    net = classifier(Noise(name="noise"))
    with pytest.raises(ValueError, match=r"found no dropout.*mc_predict\(..., layers=\[...\]\)"):
        mc_predict(net, X)
    assert mc_predict(net, X, 20, layers=["noise"]).std.max() > 0.01
    assert mc_predict(net, X, 20, layers=[net.get_layer("noise")]).std.max() > 0.01


@pytest.mark.parametrize("name", ["AlphaDropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"])
def test_the_kin_of_dropout(name: str) -> None:
    layer = getattr(layers, name)(0.3)
    between = [layers.Reshape((5, 4)), layer, layers.Flatten()] if "Spatial" in name else [layer]
    assert mc_predict(classifier(*between), X, 20).std.max() > 0.01


def test_regression_has_no_entropy() -> None:
    result = mc_predict(classifier(last=None, units=1), X, 10)
    assert result.mean.shape == result.std.shape == (50, 1)
    assert result.entropy is None
    assert result.mutual_information is None


def test_sigmoid_outputs_have_binary_entropies() -> None:
    result = mc_predict(classifier(last="sigmoid", units=1), X, 20, keep=True)
    p = result.mean[:, 0].astype(np.float64)
    np.testing.assert_allclose(result.entropy, -p * np.log(p) - (1 - p) * np.log(1 - p), rtol=1e-4)
    assert (result.mutual_information <= result.entropy).all()


def test_certain_predictions_have_entropy_zero() -> None:
    net = classifier()
    net.layers[-1].set_weights([np.zeros((20, 3), np.float32), np.array([200.0, -200.0, -200.0], np.float32)])
    result = mc_predict(net, X, 3)
    assert (result.entropy == 0).all()
    assert (result.mutual_information == 0).all()


def test_unbuilt_uncompiled_and_nested_models() -> None:
    inner = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dropout(0.5)])
    net = keras.Sequential([inner, layers.Dense(2, activation="softmax")])
    assert mc_predict(net, X, 10).mean.shape == (50, 2)


def test_several_inputs_and_outputs() -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((4,), name="b")
    hidden = layers.Dropout(0.5)(layers.Concatenate()([a, b]))
    net = keras.Model([a, b], {"class": layers.Dense(2, activation="softmax")(hidden), "size": layers.Dense(1)(hidden)})
    result = mc_predict(net, [X[:, :2], X[:, 2:]], 10)
    assert result["class"].mean.shape == (50, 2)
    assert result["class"].entropy.shape == (50,)
    assert result["size"].mean.shape == (50, 1)
    assert result["size"].entropy is None


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="samples: expected an integer of at least 1"):
        mc_predict(classifier(), X, 0)
    with pytest.raises(ValueError, match="pass an array"):
        mc_predict(classifier(), iter([X]))
