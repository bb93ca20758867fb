"""Dropout: rates, scaling, reproducibility, and gradients that see the mask of their step."""

import numpy as np
import pytest

from ravine import _core, layers, ops, random
from ravine.ops import Trace

ONES = np.ones((64, 100), np.float32)


def test_rate_and_scale() -> None:
    y = layers.Dropout(0.25, seed=1)(ONES, training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / 0.75, rtol=1e-6)
    assert kept.mean() == pytest.approx(0.75, abs=0.02)


def test_identity_and_zeros() -> None:
    np.testing.assert_array_equal(layers.Dropout(0.5)(ONES), ONES)
    np.testing.assert_array_equal(layers.Dropout(0)(ONES, training=True), ONES)
    np.testing.assert_array_equal(layers.Dropout(1)(ONES, training=True), 0 * ONES)


def test_masks_change_from_step_to_step_and_repeat_by_seed() -> None:
    first, second = layers.Dropout(0.5, seed=7), layers.Dropout(0.5, seed=7)
    steps = [first(ONES, training=True) for _ in range(3)]
    for step in steps:
        np.testing.assert_array_equal(step, second(ONES, training=True))
    assert not np.array_equal(steps[0], steps[1])
    first(ONES)
    assert int(first.seed_generator.state) == 3
    random.set_random_seed(1)
    a = layers.Dropout(0.5)(ONES, training=True)
    random.set_random_seed(1)
    np.testing.assert_array_equal(a, layers.Dropout(0.5)(ONES, training=True))


def test_masks_do_not_depend_on_threads(threads: int) -> None:
    x = np.ones((257, 129), np.float32)
    y = layers.Dropout(0.5, seed=3)(x, training=True)
    _core.set_num_threads(1)
    np.testing.assert_array_equal(y, layers.Dropout(0.5, seed=3)(x, training=True))


def test_two_calls_in_one_trace_draw_differently() -> None:
    layer = layers.Dropout(0.5, seed=1)
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 100))
        outputs = [layer(x, training=True), layer(x, training=True)]
    program = trace.program([x], outputs)
    a, b = program.run([ONES])
    assert not np.array_equal(a, b)
    assert int(layer.seed_generator.state) == 1
    assert not np.array_equal(a, program.run([ONES])[0])


def test_gradient_uses_the_mask_of_its_step() -> None:
    layer = layers.Dropout(0.5, seed=1)
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 100))
        y = layer(x, training=True)
        [gradient] = trace.gradients(ops.sum(y), [x])
    program = trace.program([x], [y, gradient])
    for _ in range(2):
        output, slope = program.run([ONES])
        np.testing.assert_array_equal(output, slope)


def test_noise_shape() -> None:
    x = np.ones((8, 5, 16), np.float32)
    y = layers.Dropout(0.5, noise_shape=(None, 1, 16), seed=1)(x, training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], x.shape))
    assert 0 < (y == 0).mean() < 1
    y = layers.Dropout(0.5, noise_shape=(1, 5, 16), seed=1)(x, training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:1], x.shape))
    with pytest.raises(ValueError, match=r"noise_shape \(2, 2\) does not fit inputs of shape"):
        layers.Dropout(0.5, noise_shape=(2, 2))(x, training=True)


def test_state_is_no_weight() -> None:
    layer = layers.Dropout(0.5)
    layer(ONES, training=True)
    assert layer.get_weights() == []


def test_random_functions() -> None:
    y = random.dropout(ONES, 0.5, seed=3)
    np.testing.assert_array_equal(y, random.dropout(ONES, 0.5, seed=3))
    assert random.normal((1000,), seed=1).std() == pytest.approx(1, abs=0.1)
    assert 0 <= random.uniform((1000,), seed=1).min() < 0.01
    assert np.abs(random.truncated_normal((1000,), seed=1)).max() <= 2


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"Dropout 'd': expected `rate` to be a number from 0 to 1, received 1.5"):
        layers.Dropout(1.5, name="d")
    with pytest.raises(ValueError, match="non-negative integer or None as seed, received -1"):
        layers.Dropout(0.5, seed=-1)
