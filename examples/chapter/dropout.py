"""Dropout and max-norm against overfitting, on 5,000 of the images."""

from collections.abc import Iterator

from common import Result, classifier, train
from data import mnist

import ravine as keras
from ravine import constraints, layers


def run(seed: int, epochs: int = 40) -> Iterator[Result]:
    data = mnist()
    data = data._replace(x_train=data.x_train[:5000], y_train=data.y_train[:5000])
    for name in ("nothing", "dropout 0.2", "max-norm 1"):
        keras.utils.set_random_seed(seed)
        constraint = constraints.max_norm(1.0) if name.startswith("max-norm") else None
        hidden: list[layers.Layer] = []
        for units in (100, 100):
            hidden += [layers.Dropout(0.2)] if name.startswith("dropout") else []
            hidden.append(
                layers.Dense(units, activation="relu", kernel_initializer="he_normal", kernel_constraint=constraint)
            )
        hidden += [layers.Dropout(0.2)] if name.startswith("dropout") else []
        model = classifier((28, 28), hidden)
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
        yield train(f"100-100 on 5,000 images, {name}", seed, model, optimizer, data, epochs)
