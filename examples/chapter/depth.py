"""100 hidden layers: SELU with LeCun's initialization keeps the signal alive, ReLU with He's learns later."""

from collections.abc import Iterator

from common import Result, stack, train
from data import mnist

import ravine as keras


def run(seed: int, epochs: int = 5) -> Iterator[Result]:
    data = mnist().standardized()
    for activation, initializer in (("selu", "lecun_normal"), ("relu", "he_normal")):
        keras.utils.set_random_seed(seed)
        model = stack((28, 28), 100, 100, activation, initializer)
        yield train(f"100 x 100 {activation}", seed, model, keras.optimizers.SGD(0.001), data, epochs)
