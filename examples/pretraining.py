"""Pretrain the lower layers of a net on unlabelled digits, then train it with a few hundred labels.

    python examples/pretraining.py [--labels 100] [--seeds 3]

Prints the test accuracy after each kind of pretraining, beside training from scratch. The data is downloaded once into
the cache folder (RAVINE_HOME).
"""

import argparse
from collections.abc import Callable

import numpy as np

import ravine as keras
from ravine import layers
from ravine.tuning import pretrain_autoencoder, pretrain_greedily, pretrain_on_task, train_gan

Trunk = list[layers.Layer]


def new_trunk(activation: str = "elu") -> Trunk:
    return [layers.Dense(300, activation=activation, kernel_initializer="he_normal") for _ in range(2)]


def from_scratch(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    return new_trunk()


def autoencoder(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    trunk = new_trunk()
    pretrain_autoencoder(
        trunk, x, output_activation="sigmoid", loss="binary_crossentropy", epochs=epochs, batch_size=64
    )
    return trunk


def denoising_autoencoder(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    """It has to fill in the half of the pixels that is missing."""
    trunk = new_trunk()
    pretrain_autoencoder(
        trunk, x, noise=layers.Dropout(0.5), output_activation="sigmoid", loss="binary_crossentropy", epochs=epochs,
        batch_size=64,
    )  # fmt: skip
    return trunk


def greedy_autoencoders(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    trunk = new_trunk()
    pretrain_greedily(trunk, x, noise=0.5, epochs=epochs, batch_size=64)
    return trunk


def odd_or_even(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    """An auxiliary task for which there are labels for all pictures."""
    trunk = new_trunk()
    head = layers.Dense(1, activation="sigmoid")
    pretrain_on_task(trunk, head, x, y % 2, loss="binary_crossentropy", epochs=max(1, epochs // 2), batch_size=64)
    return trunk


def gan_discriminator(x: np.ndarray, y: np.ndarray, epochs: int) -> Trunk:
    """What tells real digits from generated ones."""
    generator = keras.Sequential(
        [
            layers.Input((30,)),
            layers.Dense(100, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(300, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(x.shape[1], activation="sigmoid"),
        ]
    )
    trunk = new_trunk("leaky_relu")
    discriminator = keras.Sequential([layers.Input(x.shape[1:]), *trunk, layers.Dense(1, activation="sigmoid")])
    train_gan(generator, discriminator, x, codings=30, epochs=epochs, batch_size=64)
    return trunk


KINDS: tuple[Callable[..., Trunk], ...] = (
    from_scratch,
    autoencoder,
    denoising_autoencoder,
    greedy_autoencoders,
    gan_discriminator,
    odd_or_even,
)


def few(y: np.ndarray, labels: int, seed: int) -> np.ndarray:
    """The rows of as many pictures of each digit."""
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.permutation(np.flatnonzero(y == digit))[: labels // 10] for digit in range(10)])


def accuracy(trunk: Trunk, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
    net = keras.Sequential([*trunk, layers.Dense(10, activation="softmax")])
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    net.fit(*train, epochs=60, verbose=0)
    return net.evaluate(*test, verbose=0)[1]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=20_000, help="how many there are without labels")
    parser.add_argument("--epochs", type=int, default=12, help="of the pretraining")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args(arguments)

    (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    x, x_test = x.reshape(-1, 784).astype("float32") / 255, x_test.reshape(-1, 784).astype("float32") / 255
    x, y = x[: chosen.pictures], y[: chosen.pictures]
    print(f"{chosen.labels} labels, {len(x)} pictures, test accuracy of {chosen.seeds} seeds")
    for kind in KINDS:
        results = []
        for seed in range(chosen.seeds):
            keras.utils.set_random_seed(seed)
            trunk = kind(x, y, chosen.epochs)
            rows = few(y, chosen.labels, seed)
            results.append(accuracy(trunk, (x[rows], y[rows]), (x_test, y_test)))
        name = kind.__name__.replace("_", " ")
        print(f"{name:24} {np.mean(results):.3f}   ({', '.join(f'{result:.3f}' for result in results)})", flush=True)


if __name__ == "__main__":
    main()
