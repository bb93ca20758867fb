"""1cycle against the same net at a constant rate."""

from collections.abc import Iterator

from common import Result, stack, train
from data import mnist

import ravine as keras
from ravine.optimizers import SGD, schedules


def run(seed: int, epochs: int = 10) -> Iterator[Result]:
    data, batch_size = mnist(), 128
    steps = epochs * -(-len(data.x_train) // batch_size)
    cycle = schedules.OneCycle(0.1, iterations=steps)
    optimizers = {
        "constant 0.01": SGD(0.01, momentum=0.9),
        "1cycle up to 0.1": SGD(cycle, momentum=cycle.momentum),
    }
    for name, optimizer in optimizers.items():
        keras.utils.set_random_seed(seed)
        model = stack((28, 28), 3, 100, "relu", "he_normal")
        yield train(f"3 x 100 relu, {name}", seed, model, optimizer, data, epochs, batch_size)
