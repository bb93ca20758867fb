"""What the experiments share: a row of results, a stack of dense layers, and a training run."""

from __future__ import annotations

from typing import Any, NamedTuple

from data import Data

import ravine as keras
from ravine import layers


class Result(NamedTuple):
    """One trained net: what it is, the epochs it trained, and accuracies from 0 to 1 (None: not measured)."""

    net: str
    seed: int
    epochs: int
    train: float | None
    valid: float
    test: float


def stack(shape: tuple[int, ...], depth: int, units: int, activation: str, initializer: str) -> keras.Sequential:
    """Flatten, `depth` hidden layers, and a softmax over ten classes."""
    hidden = [layers.Dense(units, activation=activation, kernel_initializer=initializer) for _ in range(depth)]
    return classifier(shape, hidden)


def classifier(shape: tuple[int, ...], hidden: list[Any]) -> keras.Sequential:
    """Flatten, the hidden layers, and a softmax over ten classes."""
    return keras.Sequential([layers.Input(shape), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")])


def train(
    name: str, seed: int, model: Any, optimizer: Any, data: Data, epochs: int, batch_size: int = 32, **fit: Any
) -> Result:
    """Train a model and measure it. With EarlyStopping among the callbacks the best epoch counts."""
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        data.x_train,
        data.y_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=(data.x_valid, data.y_valid),
        verbose=0,
        **fit,
    )
    accuracies = {
        part: model.evaluate(x, y, batch_size=1000, verbose=0)[1]
        for part, x, y in (
            ("train", data.x_train, data.y_train),
            ("valid", data.x_valid, data.y_valid),
            ("test", data.x_test, data.y_test),
        )
    }
    return Result(name, seed, len(history.epoch), **accuracies)
