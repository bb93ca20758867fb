"""Models in several Python threads: building and predicting in any of them, training in one at a time."""

import copy
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import ravine as keras


class SlowToBuild(keras.layers.Dense):
    def build(self, input_shape) -> None:
        time.sleep(0.02)
        super().build(input_shape)


def in_threads(work: Callable[[], Any], count: int = 3) -> list[Any]:
    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(count)]]


def test_threads_that_predict_with_a_new_model_build_it_once() -> None:
    model = keras.Sequential([SlowToBuild(4), SlowToBuild(2)])
    x = np.random.default_rng(0).normal(size=(5, 3))
    results = in_threads(lambda: model.predict(x, verbose=0))
    assert all(np.array_equal(result, results[0]) for result in results)
    model = keras.Sequential([SlowToBuild(4), SlowToBuild(2)])
    results = in_threads(lambda: model(x))
    assert all(np.array_equal(result, results[0]) for result in results)


def test_a_model_is_trained_by_one_thread_at_a_time() -> None:
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    x, y = np.ones((40, 3)), np.ones((40, 1))
    refused = []

    def interfere() -> None:
        for method in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
            with pytest.raises(RuntimeError, match=r"fit\(\) of the same model runs in another thread"):
                method(x, y)
            refused.append(method)
        assert model.predict(x, verbose=0).shape == (len(x), 1)

    class Interfere(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None) -> None:
            in_threads(interfere, 1)
            copy.deepcopy(model)  # is nobody's
            model.evaluate(x, y, verbose=0)

    model.fit(x, y, epochs=2, verbose=0, callbacks=[Interfere()])
    assert len(refused) == 8
    in_threads(lambda: model.evaluate(x, y, verbose=0), 1)
