"""Results below 1.2e-38: zeros while variables are changed, kept everywhere else, and never the caller's business."""

from collections.abc import Callable

import numpy as np
import pytest

import ravine as keras

TINY = np.float32(1e-40)
SetThreads = Callable[[int], None]


def keeps_denormals() -> bool:
    return bool(TINY * np.float32(1) == TINY and np.float32(1e-30) * np.float32(1e-10) == TINY)


def momentum_of(model: keras.Model) -> np.ndarray:
    return np.asarray(next(v for v in model.optimizer.variables if "momentum" in v.path and len(v.shape) == 2))


def one_step_then_nothing() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Data whose first batch has a gradient and whose other batches have none."""
    inputs, units, batch = 64, 48, 32
    x = np.zeros((batch * 2000, inputs), np.float32)
    x[:batch] = np.random.default_rng(0).random((batch, inputs), np.float32)
    model = keras.Sequential(
        [keras.Input((inputs,)), keras.layers.Dense(units, use_bias=False, kernel_initializer="zeros")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    return model, x, np.ones((len(x), units), np.float32)


@pytest.mark.parametrize("threads", [1, 3])
def test_slots_shrink_to_zero(isa: str, set_threads: SetThreads, threads: int) -> None:
    set_threads(threads)
    model, x, y = one_step_then_nothing()
    model.fit(x[:32], y[:32], batch_size=32, verbose=0)
    assert np.abs(momentum_of(model)).min() > 1e-6
    model.fit(x, y, batch_size=32, shuffle=False, verbose=0)
    # Rounding would hold 0.9 v at a few times 1.4e-45.
    np.testing.assert_array_equal(momentum_of(model), 0)
    assert keeps_denormals()


@pytest.mark.parametrize("threads", [1, 3])
def test_predictions_and_single_operations_keep_them(isa: str, set_threads: SetThreads, threads: int) -> None:
    set_threads(threads)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(40, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizer="sgd", loss="mse")
    x = np.zeros((600, 4), np.float32)
    x[:, 1] = TINY
    np.testing.assert_array_equal(model.predict(x, verbose=0), TINY)
    model.train_on_batch(x, np.zeros((600, 40)))
    np.testing.assert_array_equal(np.asarray(keras.ops.multiply(x[:, 1], np.float32(1))), TINY)
    variable = keras.Variable(np.zeros(3, np.float32))
    variable.assign_add(np.full(3, TINY))
    np.testing.assert_array_equal(np.asarray(variable), TINY)


def test_callers_keep_their_mode_in_the_middle_of_a_run() -> None:
    total, x = keras.Variable(np.zeros(3, np.float32)), np.full((8, 3), TINY)
    seen = []
    with keras.ops.Trace() as trace:
        features = trace.input("x", (None, 3))
        total.assign_add(keras.ops.sum(features, axis=0))
    program = trace.program([features], [])
    program.run_batches([x], 1, 0, 8, poll=lambda _: seen.append(keeps_denormals()) or True, poll_seconds=0)
    assert seen == [True] * 7
    np.testing.assert_array_equal(np.asarray(total), 0)
    assert keeps_denormals()
