"""Data and nets to be diagnosed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import ravine as keras
from ravine import layers

CLASSES = 10
FEATURES = 200


def pictures(rows: int = 512, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy versions of ten patterns: values from 0 to 1, many of them 0, like scanned digits."""
    draw = np.random.default_rng(seed)
    patterns = np.clip(draw.normal(size=(CLASSES, FEATURES)) - 0.3, 0, 1)
    y = draw.integers(0, CLASSES, rows)
    x = np.clip(patterns[y] + 0.3 * draw.normal(size=(rows, FEATURES)), 0, 1)
    return x.astype("float32"), y


def standardized(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-7)


def stack(
    units: Sequence[int],
    activation: str,
    initializer: Any,
    optimizer: Any = None,
    batch_norm: bool = False,
    seed: int = 0,
    **arguments: Any,
) -> keras.Sequential:
    """A compiled classifier with hidden layers h0, h1, ... and a softmax called out."""
    keras.utils.set_random_seed(seed)
    net = keras.Sequential([layers.Input((FEATURES,))], name="net")
    for i, size in enumerate(units):
        if isinstance(initializer, keras.initializers.Initializer):  # one for each layer
            initializer = initializer.from_config(initializer.get_config())
        if batch_norm:
            net.add(layers.Dense(size, kernel_initializer=initializer, use_bias=False, name=f"h{i}"))
            net.add(layers.BatchNormalization(name=f"bn{i}"))
            net.add(layers.Activation(activation, name=f"a{i}"))
        else:
            net.add(
                layers.Dense(size, activation=activation, kernel_initializer=initializer, name=f"h{i}", **arguments)
            )
    net.add(layers.Dense(CLASSES, activation="softmax", name="out"))
    net.compile(optimizer or keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net
