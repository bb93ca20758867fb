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


@pytest.mark.parametrize("noise", [0.6, layers.Dropout(0.3)])
def test_denoising_autoencoder(noise) -> None:
    model = pretrain_autoencoder(encoder(), X, noise=noise, epochs=20)
    assert type(model.layers[0]).__name__ == ("GaussianNoise" if noise == 0.6 else "Dropout")
    noisy = X + 0.6 * np.random.default_rng(1).normal(size=X.shape).astype("float32")
    restored = model.predict(noisy, verbose=0)
    assert np.mean((restored - X) ** 2) < np.mean((noisy - X) ** 2)


def test_images_are_decoded_flat() -> None:
    stack = [layers.Flatten(), layers.Dense(4, activation="relu")]
    model = pretrain_autoencoder(stack, np.abs(X).reshape(-1, 4, 6), output_activation="sigmoid", loss="mae", epochs=1)
    assert model.output_shape == (None, 24)
    assert model.layers[-1].activation.__name__ == "sigmoid"


def test_greedy_pretraining_trains_one_layer_at_a_time() -> None:
    first, second = encoder()
    stack = [first, layers.BatchNormalization(), layers.Dropout(0.1), second]
    below, above = pretrain_greedily(stack, X, epochs=10)
    assert below.layers[0] is first
    assert [layer.units for layer in below.layers] == [12, 24]
    assert above.layers[:3] == stack[1:]
    assert above.output_shape == (None, 12)
    for model in (below, above):
        assert model.history.history["loss"][-1] < model.history.history["loss"][0]


def test_greedy_pretraining_leaves_the_layers_below_alone() -> None:
    first, _ = encoder()
    [_] = pretrain_greedily([first], X, epochs=2)
    alone = first.get_weights()
    again, upper = encoder()
    pretrain_greedily([again, upper], X, epochs=2)
    assert all(np.array_equal(a, b) for a, b in zip(alone, again.get_weights(), strict=True))


def test_auxiliary_task() -> None:
    stack = encoder()
    model = pretrain_on_task(
        stack, layers.Dense(1), X, CODES[:, 1:2], loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=30
    )
    assert model.layers[:2] == stack
    assert model.history.history["loss"][-1] < 0.3 * model.history.history["loss"][0]


def test_few_labels_go_further_after_pretraining() -> None:
    draw = np.random.default_rng(0)
    clusters = draw.integers(0, 8, 1500)
    x = (draw.normal(size=(8, 30))[clusters] + 1.5 * draw.normal(size=(1500, 30))).astype("float32")
    y = clusters % 2

    def accuracy(pretrained: bool, seed: int) -> float:
        keras.utils.set_random_seed(seed)
        stack = [layers.Dense(40, activation="relu"), layers.Dense(8, activation="relu")]
        if pretrained:
            pretrain_autoencoder(stack, x[:1000], noise=1.0, epochs=20, optimizer=keras.optimizers.Adam(0.005))
        net = keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")])
        net.compile(keras.optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
        net.fit(x[:32], y[:32], epochs=40, verbose=0)
        return net.evaluate(x[1000:], y[1000:], verbose=0)[1]

    seeds = range(3)
    assert np.mean([accuracy(True, s) for s in seeds]) > 0.02 + np.mean([accuracy(False, s) for s in seeds])


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


def test_only_one_of_the_two_learns_in_each_half_of_a_gan_step(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = keras.Sequential([layers.Input((2,)), layers.Dense(2)])
    discriminator = keras.Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid")])
    changes = set()
    train = keras.Sequential.train_on_batch

    def watched(self, *args):
        before = [model.get_weights() for model in (generator, discriminator)]
        result = train(self, *args)
        after = [model.get_weights() for model in (generator, discriminator)]
        moved = [not np.array_equal(a[0], b[0]) for a, b in zip(before, after, strict=True)]
        changes.add(("discriminator" if self is discriminator else "gan", *moved))
        return result

    monkeypatch.setattr(keras.Sequential, "train_on_batch", watched)
    train_gan(generator, discriminator, X[:64, :2], codings=2)
    assert changes == {("discriminator", False, True), ("gan", True, False)}


def test_a_gan_that_is_interrupted_leaves_the_discriminator_free(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = keras.Sequential([layers.Input((2,)), layers.Dense(2)])
    discriminator = keras.Sequential([layers.Input((2,)), layers.Dense(1, activation="sigmoid")])
    train = keras.Sequential.train_on_batch

    def interrupted(self, *args):
        if self is not discriminator:
            raise KeyboardInterrupt
        return train(self, *args)

    monkeypatch.setattr(keras.Sequential, "train_on_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_gan(generator, discriminator, X[:64, :2], codings=2)
    assert discriminator.trainable


def test_errors() -> None:
    with pytest.raises(ValueError, match="expected Dense layers"):
        pretrain_autoencoder([layers.Flatten()], X)
    net = keras.Sequential([layers.Input((2,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="expected at least batch_size = 32 rows, received 10"):
        train_gan(net, net, X[:10], codings=2)
