"""Variables: values, assignment at once and traced, paths."""

import copy
import pickle

import numpy as np
import pytest
from tracing import run_traced

import ravine as keras
from ravine import Variable, ops
from ravine.ops import Trace
from ravine.variable import name_scope


def test_value_is_a_view_and_numpy_a_copy() -> None:
    v = Variable(np.arange(6.0).reshape(2, 3), name="w")
    assert (v.shape, v.dtype, v.ndim, v.size, v.name, v.path) == ((2, 3), "float32", 2, 6, "w", "w")
    copied = v.numpy()
    v.value[0, 0] = 9
    assert v.numpy()[0, 0] == 9
    assert copied[0, 0] == 0


def test_view_survives_use_in_a_program() -> None:
    v = Variable([1.0, 2.0])
    run_traced(lambda x: x * v, np.ones((3, 2)))
    v.value[0] = 5
    np.testing.assert_array_equal(run_traced(lambda x: x * v, np.ones((1, 2))), [[5, 2]])


def test_assignment() -> None:
    v = Variable([1.0, 2.0])
    v.assign([3, 4])
    v.assign_add(np.array([1, 1]))
    v.assign_sub(2)
    np.testing.assert_array_equal(v, [2, 3])
    with pytest.raises(ValueError, match=r"expected a value of shape \(2,\), received shape \(3,\)"):
        v.assign([1, 2, 3])


def test_traced_assignment_happens_on_every_run_and_in_order() -> None:
    v, count = Variable([1.0, 2.0]), Variable(0, dtype="int64")
    trace = Trace()
    with trace:
        x = trace.input("x", (2,))
        before = v * 1.0
        v.assign_add(x)
        after = v * 1.0
        count.assign_add(1)
        v.assign_sub(0.5)
    program = trace.program([x], [before, after])
    np.testing.assert_array_equal(v, [1, 2])
    for _ in range(2):
        first, second = program.run([np.array([1, 1], np.float32)])
    np.testing.assert_array_equal(first, [1.5, 2.5])
    np.testing.assert_array_equal(second, [2.5, 3.5])
    np.testing.assert_array_equal(v, [2, 3])
    assert int(count) == 2
    with pytest.raises(ValueError, match=r"expected a value of shape \(2,\), received shape \(3,\)"), Trace() as trace:
        v.assign(trace.input("x", (3,)))


def test_conversions_and_operators() -> None:
    rate = Variable(0.25)
    assert float(rate) == 0.25
    assert f"{rate:.3f}" == "0.250"
    assert rate == 0.25
    assert rate > 0.1
    assert (rate * 2).numpy() == 0.5
    assert rate == rate
    assert rate != Variable(0.25)
    np.testing.assert_array_equal(np.array([1.0, 2.0], np.float32) * Variable([2.0, 3.0]), [2, 6])


def test_initializers_dtypes_and_errors() -> None:
    assert Variable("ones", shape=(2, 2)).numpy().sum() == 4
    assert Variable(lambda shape, dtype: np.full(shape, 3), shape=(2,)).numpy()[0] == 3
    assert Variable(np.arange(3)).dtype == "int64"
    assert Variable(0.0, dtype="float64").dtype == "float64"
    with pytest.raises(ValueError, match="a shape is needed"):
        Variable("ones")
    with pytest.raises(ValueError, match=r"expected a fixed shape, received \(None, 2\)"):
        Variable("ones", shape=(None, 2))
    with pytest.raises(ValueError, match=r"initial values of shape \(2,\), received shape \(3,\)"):
        Variable([1, 2, 3], shape=(2,))


def test_paths_and_copies() -> None:
    with name_scope("model"), name_scope("dense"), name_scope("dense"):
        v = Variable([1.0], name="kernel")
    assert v.path == "model/dense/kernel"
    for twin in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        twin.assign([2.0])
        assert (v.numpy()[0], twin.numpy()[0], twin.path) == (1, 2, v.path)


def test_a_variable_is_read_at_run_time() -> None:
    v = Variable([1.0])
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 1))
        y = ops.add(x, v.value)
    program = trace.program([x], [y])
    v.assign([10.0])
    np.testing.assert_array_equal(program.run([np.zeros((1, 1), np.float32)])[0], [[10]])


def test_what_was_read_stays_when_the_variable_changes() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model(np.ones((2, 3), np.float32))  # the engine has the variable now
    kernel = model.layers[0].kernel
    read = [
        np.asarray(kernel), np.transpose(kernel), np.ravel(kernel), kernel[0], kernel[...], kernel[0:2], kernel.numpy(),
        ops.convert_to_tensor(kernel), ops.convert_to_numpy(kernel), ops.slice(kernel, (0, 0), (3, 1)),
        ops.split(kernel, 1)[0], ops.transpose(kernel), keras.activations.linear(kernel), *model.get_weights()[:1],
    ]  # fmt: skip
    kernel.assign(np.full((3, 1), 5))
    for values in read:
        np.testing.assert_array_equal(np.asarray(values), np.ones(np.shape(values)))
    assert np.shares_memory(kernel.__array__(copy=False), kernel.value)


@pytest.mark.parametrize("read", [lambda v: v.value, ops.convert_to_tensor, lambda v: v[:], lambda v: v.assign_add(0)])
def test_a_traced_value_is_that_of_the_time_when_it_was_read(read) -> None:
    state = Variable(np.float32([1, 2]), name="state")
    with Trace() as trace:
        before = read(state)
        state.assign(before + 1)
        between = read(state)
        state.assign(ops.multiply(between, 10))
        program = trace.program([], [ops.add(before, 0), ops.add(between, 0)])
    for first in ([1, 2], [20, 30]):
        results = program.run([])
        assert np.array_equal(results, [first, np.add(first, 1)])


def test_reading_a_value_costs_nothing_where_nothing_overtakes_it() -> None:
    state = Variable(np.ones((3, 3), np.float32), name="state")
    with Trace() as trace:
        x = trace.input("x", (None, 3))
        y = ops.matmul(x, state.value)
        state.assign_add(ops.ones((3, 3)))
        program = trace.program([x], [y])
    assert "copy" not in program.describe(4)
    assert program.run([np.ones((2, 3), np.float32)])[0].tolist() == [[3, 3, 3]] * 2
