"""Pretraining helpers: which weights they train, and that what they learn is of use."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.tuning import pretrain_autoencoder, pretrain_greedily, pretrain_on_task, train_gan

DRAW = np.random.default_rng(0)
CODES = DRAW.normal(size=(400, 3))
X = (np.tanh(CODES @ DRAW.normal(size=(3, 24))) + 0.1 * DRAW.normal(size=(400, 24))).astype("float32")
Y = (CODES[:, 0] > 0).astype("float32")


def encoder() -> list[layers.Layer]:
    keras.utils.set_random_seed(0)
    return [
        layers.Dense(12, activation="elu", kernel_initializer="he_normal"),
        layers.Dense(3, activation="elu", kernel_initializer="he_normal"),
    ]


def test_autoencoder() -> None:
    stack = encoder()
    model = pretrain_autoencoder(stack, X, epochs=30)
    assert [layer.units for layer in model.layers] == [12, 3, 12, 24]
    assert model.layers[0] is stack[0]
    assert model.layers[2].activation is stack[0].activation
    losses = model.history.history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert losses[-1] < 0.5 * X.var()


@pytest.mark.parametrize("noise", [0.3, layers.Dropout(0.3)])
def test_denoising_autoencoder(noise) -> None:
    model = pretrain_autoencoder(encoder(), X, noise=noise, epochs=20)
    assert type(model.layers[0]).__name__ == ("GaussianNoise" if noise == 0.3 else "Dropout")
    noisy = X + 0.3 * np.random.default_rng(1).normal(size=X.shape).astype("float32")
    restored = model.predict(noisy, verbose=0)
    assert np.mean((restored - X) ** 2) < np.mean((noisy - X) ** 2)


def test_images_are_decoded_flat() -> None:
    stack = [layers.Flatten(), layers.Dense(4, activation="relu")]
    model = pretrain_autoencoder(stack, np.abs(X).reshape(-1, 4, 6), output_activation="sigmoid", loss="mae", epochs=1)
    assert model.output_shape == (None, 24)
    assert model.layers[-1].activation.__name__ == "sigmoid"


def test_greedy_pretraining_trains_one_layer_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = [encoder()[0], layers.Dropout(0.0), encoder()[1]]
    stack.insert(1, layers.BatchNormalization())
    models = pretrain_greedily(stack, X, epochs=10)
    assert [[layer.units for layer in m.layers if hasattr(layer, "units")] for m in models] == [[12, 24], [3, 12]]
    first = stack[0].get_weights()
    for model in models:
        assert model.history.history["loss"][-1] < model.history.history["loss"][0]
    alone = [encoder()[0], encoder()[1]]
    [below, _] = pretrain_greedily(alone, X, epochs=10)
    codes = keras.Sequential(alone[:1]).predict(X, verbose=0)
    assert np.array_equal(below.layers[0].get_weights()[0], alone[0].get_weights()[0])
    assert codes.shape == (400, 12)
    assert [w.shape for w in first] == [(24, 12), (12,)]


def test_auxiliary_task() -> None:
    stack = encoder()
    model = pretrain_on_task(
        stack, layers.Dense(1), X, CODES[:, 1:2], loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=30
    )
    assert model.layers[:2] == stack
    assert model.history.history["loss"][-1] < 0.3 * model.history.history["loss"][0]


def test_few_labels_go_further_after_pretraining() -> None:
    def accuracy(pretrained: bool, seed: int) -> float:
        keras.utils.set_random_seed(seed)
        stack = [layers.Dense(12, activation="elu"), layers.Dense(3, activation="elu")]
        if pretrained:
            pretrain_autoencoder(stack, X, epochs=40)
            for layer in stack:
                layer.trainable = False
        net = keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")])
        net.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
        net.fit(X[:12], Y[:12], epochs=30, verbose=0)
        return net.evaluate(X[200:], Y[200:], verbose=0)[1]

    seeds = range(3)
    assert np.mean([accuracy(True, s) for s in seeds]) > np.mean([accuracy(False, s) for s in seeds])


def test_gan() -> None:
    keras.utils.set_random_seed(0)
    target = (2.0 + 0.5 * np.random.default_rng(0).normal(size=(512, 2))).astype("float32")
    generator = keras.Sequential([layers.Input((2,)), layers.Dense(8, activation="relu"), layers.Dense(2)])
    discriminator = keras.Sequential(
        [layers.Input((2,)), layers.Dense(16, activation="leaky_relu"), layers.Dense(1, activation="sigmoid")]
    )
    history = train_gan(generator, discriminator, target, codings=2, epochs=15, optimizer="adam")
    assert {name: len(losses) for name, losses in history.items()} == {"discriminator": 15, "generator": 15}
    assert all(np.isfinite(losses).all() for losses in history.values())
    made = generator.predict(np.random.default_rng(1).normal(size=(200, 2)), verbose=0)
    assert np.linalg.norm(made.mean(axis=0) - 2.0) < np.linalg.norm([2.0, 2.0]) / 2
    assert discriminator.trainable
    trunk = discriminator.layers[:-1]
    assert keras.Sequential(trunk).predict(target, verbose=0).shape == (512, 16)


def test_only_one_of_the_two_learns_in_each_half_of_a_gan_step() -> None:
    generator = keras.Sequential([layers.Input((2,)), layers.Dense(2)])
    discriminator = keras.Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid")])
    changes = []

    def spy(model, name):
        train = model.train_on_batch

        def wrapped(*args):
            before = [generator.get_weights()[0], discriminator.get_weights()[0]]
            result = train(*args)
            after = [generator.get_weights()[0], discriminator.get_weights()[0]]
            changes.append((name, [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]))
            return result

        return wrapped

    discriminator.__dict__["train_on_batch"] = spy(discriminator, "discriminator")
    true_init = keras.Sequential.train_on_batch
    keras.Sequential.train_on_batch = lambda self, *args: (
        spy_gan(self, *args) if self is not discriminator else true_init(self, *args)
    )

    def spy_gan(self, *args):
        before = [generator.get_weights()[0], discriminator.get_weights()[0]]
        result = true_init(self, *args)
        after = [generator.get_weights()[0], discriminator.get_weights()[0]]
        changes.append(("gan", [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]))
        return result

    try:
        train_gan(generator, discriminator, X[:64, :2], codings=2)
    finally:
        keras.Sequential.train_on_batch = true_init
    assert {name: moved for name, moved in changes} == {"discriminator": [False, True], "gan": [True, False]}


def test_errors() -> None:
    with pytest.raises(ValueError, match="expected Dense layers"):
        pretrain_autoencoder([layers.Flatten()], X)
    net = keras.Sequential([layers.Input((2,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="expected at least batch_size = 32 rows, received 10"):
        train_gan(net, net, X[:10], codings=2)
