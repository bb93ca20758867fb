"""784-300-100-10 without batch normalization, with it after the activations, and before them."""

from collections.abc import Iterator

from common import Result, classifier, train
from data import mnist

import ravine as keras
from ravine import layers


def hidden(units: int, place: str) -> list[layers.Layer]:
    dense = {"kernel_initializer": "he_normal"}
    if place == "none":
        return [layers.Dense(units, activation="relu", **dense)]
    if place == "after":
        return [layers.Dense(units, activation="relu", **dense), layers.BatchNormalization()]
    return [layers.Dense(units, use_bias=False, **dense), layers.BatchNormalization(), layers.Activation("relu")]


def run(seed: int, epochs: int = 3) -> Iterator[Result]:
    for place in ("none", "after", "before"):
        keras.utils.set_random_seed(seed)
        first = [] if place == "none" else [layers.BatchNormalization()]
        model = classifier((28, 28), [*first, *hidden(300, place), *hidden(100, place)])
        yield train(f"300-100, BN {place}", seed, model, keras.optimizers.SGD(0.01), mnist(), epochs)
