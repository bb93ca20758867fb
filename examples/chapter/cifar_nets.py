"""20 hidden layers of 100 units on CIFAR-10: Nadam and swish, then BN, SELU, alpha dropout with MC dropout, 1cycle."""

from collections.abc import Iterator

import numpy as np
from common import Result, classifier, stack, train
from data import Data, cifar10

import ravine as keras
from ravine import layers
from ravine.optimizers import SGD, Nadam, schedules

SHAPE = (32, 32, 3)
DEPTH, UNITS = 20, 100


def run(seed: int, epochs: int = 100) -> Iterator[Result]:
    data, standardized = cifar10(), cifar10().standardized()
    keras.utils.set_random_seed(seed)
    yield _stopped("swish, Nadam", seed, stack(SHAPE, DEPTH, UNITS, "swish", "he_normal"), Nadam(5e-5), data, epochs)

    keras.utils.set_random_seed(seed)
    hidden: list[layers.Layer] = []
    for _ in range(DEPTH):
        hidden += [
            layers.Dense(UNITS, kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.Activation("swish"),
        ]
    yield _stopped("swish, BN, Nadam", seed, classifier(SHAPE, hidden), Nadam(5e-4), data, epochs)

    keras.utils.set_random_seed(seed)
    selu = stack(SHAPE, DEPTH, UNITS, "selu", "lecun_normal")
    yield _stopped("SELU, Nadam", seed, selu, Nadam(7e-4), standardized, epochs)

    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(UNITS, activation="selu", kernel_initializer="lecun_normal") for _ in range(DEPTH)]
    model = classifier(SHAPE, [*hidden, layers.AlphaDropout(0.1)])
    result = _stopped("SELU, alpha dropout 0.1, Nadam", seed, model, Nadam(5e-4), standardized, epochs)
    yield result
    yield result._replace(net="the same, MC dropout of 10 passes", **_monte_carlo(model, standardized))

    keras.utils.set_random_seed(seed)
    cycle_epochs, batch_size = min(15, epochs), 128
    cycle = schedules.OneCycle(0.05, iterations=cycle_epochs * -(-len(data.x_train) // batch_size))
    model = classifier(SHAPE, [*_selu_layers(), layers.AlphaDropout(0.1)])
    optimizer = SGD(cycle)
    yield train("SELU, alpha dropout 0.1, 1cycle", seed, model, optimizer, standardized, cycle_epochs, batch_size)


def _selu_layers() -> list[layers.Layer]:
    return [layers.Dense(UNITS, activation="selu", kernel_initializer="lecun_normal") for _ in range(DEPTH)]


def _stopped(name: str, seed: int, model: keras.Sequential, optimizer: Nadam, data: Data, epochs: int) -> Result:
    """Trained until the validation loss has not fallen for 20 epochs, with the weights of the best one."""
    stop = keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
    return train(name, seed, model, optimizer, data, epochs, callbacks=[stop])


def _monte_carlo(model: keras.Sequential, data: Data) -> dict[str, float]:
    accuracies = {}
    for part, x, y in (
        ("train", data.x_train, data.y_train),
        ("valid", data.x_valid, data.y_valid),
        ("test", data.x_test, data.y_test),
    ):
        mean = np.mean([model(x, training=True) for _ in range(10)], axis=0)
        accuracies[part] = float(np.mean(mean.argmax(axis=1) == y))
    return accuracies
