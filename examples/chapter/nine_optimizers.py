"""Nine optimizers on the same net of three hidden layers."""

from collections.abc import Iterator

from common import Result, stack, train
from data import mnist

import ravine as keras
from ravine import optimizers

OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.001),
    "momentum": lambda: optimizers.SGD(0.001, momentum=0.9),
    "Nesterov": lambda: optimizers.SGD(0.001, momentum=0.9, nesterov=True),
    "Adagrad": lambda: optimizers.Adagrad(0.001),
    "RMSprop": lambda: optimizers.RMSprop(0.001, rho=0.9),
    "Adam": lambda: optimizers.Adam(0.001),
    "Adamax": lambda: optimizers.Adamax(0.001),
    "Nadam": lambda: optimizers.Nadam(0.001),
    "AdamW": lambda: optimizers.AdamW(0.001, weight_decay=1e-5),
}


def run(seed: int, epochs: int = 10) -> Iterator[Result]:
    for name, optimizer in OPTIMIZERS.items():
        keras.utils.set_random_seed(seed)
        model = stack((28, 28), 3, 100, "relu", "he_normal")
        yield train(f"3 x 100 relu, {name}", seed, model, optimizer(), mnist(), epochs)
