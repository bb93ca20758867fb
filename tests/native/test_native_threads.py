"""Calls on one Model from several threads wait for each other."""

import threading

import numpy as np

import ravine as keras
from ravine import layers
from ravine.saving import NativeModel


def test_metrics_are_those_of_the_own_call(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 6)).astype(np.float32)
    y = rng.integers(0, 3, 512)
    model = keras.Sequential([layers.Input((6,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.export(tmp_path / "m.ravine")
    native = NativeModel(str(tmp_path / "m.ravine"))
    parts = [slice(0, 100), slice(100, 512)]
    expected = [native.evaluate(x[part], y[part]) for part in parts]
    wrong = []

    def check(part, result):
        for _ in range(50):
            if native.evaluate(x[part], y[part]) != result:
                wrong.append(part)

    threads = [threading.Thread(target=check, args=pair) for pair in zip(parts, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
