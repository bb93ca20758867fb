"""From eight digits to two: 200 labels, and the layers of a net that has learned the other digits."""

from collections.abc import Iterator

import numpy as np
from common import Result
from data import mnist

import ravine as keras
from ravine import layers

NEW = (4, 9)  # the two that are told apart in the end; they look alike
LABELS = 200


def run(seed: int, epochs: int = 20) -> Iterator[Result]:
    data = mnist()
    keras.utils.set_random_seed(seed)
    old = ~np.isin(data.y_train, NEW)
    kinds = {digit: index for index, digit in enumerate(sorted(set(range(10)) - set(NEW)))}
    model_a = keras.Sequential([layers.Input((28, 28)), layers.Flatten()])
    for _ in range(3):
        model_a.add(layers.Dense(100, activation="relu", kernel_initializer="he_normal"))
    model_a.add(layers.Dense(8, activation="softmax"))
    model_a.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    model_a.fit(data.x_train[old], np.vectorize(kinds.get)(data.y_train[old]), epochs=5, verbose=0)

    (x, y), (x_valid, y_valid), (x_test, y_test) = (
        _of_two(images, labels)
        for images, labels in (
            (data.x_train, data.y_train),
            (data.x_valid, data.y_valid),
            (data.x_test, data.y_test),
        )
    )
    x, y = x[:LABELS], y[:LABELS]
    for name in ("from scratch", "layers reused"):
        keras.utils.set_random_seed(seed)
        copy = keras.models.clone_model(model_a)
        if name == "layers reused":
            copy.set_weights(model_a.get_weights())
        model = keras.Sequential(copy.layers[:-1])
        model.add(layers.Dense(1, activation="sigmoid"))
        if name == "layers reused":  # the new layer first, so that its errors do not spoil the others
            _freeze(model, True)
            _fit(model, x, y, epochs // 4)
            _freeze(model, False)
        _fit(model, x, y, epochs)
        accuracy = [
            model.evaluate(a, b, batch_size=1000, verbose=0)[1]
            for a, b in ((x, y), (x_valid, y_valid), (x_test, y_test))
        ]
        yield Result(f"{NEW[0]} or {NEW[1]} from {LABELS} labels, {name}", seed, epochs, *accuracy)


def _of_two(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.isin(labels, NEW)
    return images[chosen], (labels[chosen] == NEW[1]).astype(np.float32)


def _freeze(model: keras.Sequential, frozen: bool) -> None:
    for layer in model.layers[:-1]:
        layer.trainable = not frozen


def _fit(model: keras.Sequential, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
    model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0)
