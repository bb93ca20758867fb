"""Steps that run only in some batches (only_if)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ravine as keras
from ravine import Variable, _core, ops
from ravine.ops import Trace, apply, current

SetThreads = Callable[[int], None]


def run(function: Callable[[Any], Any], batches: int, rows: int = 40, width: int = 50) -> _core.Program:
    """Traces a function of a batch and runs it for some batches."""
    trace = Trace()
    with trace:
        x = trace.input("x", (None, width))
        function(x)
    program = trace.program([x], [])
    data = np.random.default_rng(0).normal(size=(rows * batches, width)).astype(np.float32)
    assert program.run_batches([data], rows, 0, batches) == batches
    return program


def accumulating(steps: int) -> tuple[Callable[[Any], None], list[Variable]]:
    """Sums of columns, added up over some batches before they change the weights."""
    count = Variable(0, dtype="int64")
    total, weights = Variable(np.zeros(50)), Variable(np.ones(50))

    def step(x: Any) -> None:
        count.assign_add(1)
        total.assign_add(ops.sum(x * weights, axis=0))
        with current().only_if(ops.equal(ops.mod(count, float(steps)), 0)):
            apply("sgd", [weights, total, 0.01])
            total.assign(ops.zeros_like(total))

    return step, [count, total, weights]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_updates_happen_in_some_batches(threads: int, isa: str, set_threads: SetThreads) -> None:
    set_threads(threads)
    step, (count, total, weights) = accumulating(3)
    run(step, 8)
    data = np.random.default_rng(0).normal(size=(8, 40, 50)).astype(np.float32).astype(np.float64)
    w, t = np.ones(50), np.zeros(50)
    for batch in range(8):
        t = t + (data[batch] * w).sum(axis=0)
        if batch % 3 == 2:
            w, t = w - 0.01 * t, np.zeros(50)
    np.testing.assert_allclose(weights, w, rtol=1e-5)
    np.testing.assert_allclose(total, t, rtol=1e-4, atol=1e-4)
    assert int(count) == 8


def test_equal_bits_at_every_number_of_threads(set_threads: SetThreads) -> None:
    results = []
    for threads in (1, 2, 3):
        set_threads(threads)
        step, state = accumulating(2)
        run(step, 7)
        results.append([variable.numpy().tobytes() for variable in state])
    assert results[0] == results[1] == results[2]


def test_what_does_not_run_leaves_no_trace() -> None:
    value = Variable(np.ones(50))

    def step(x: Any) -> None:
        with current().only_if(0.0):
            value.assign(ops.sum(x, axis=0) / 0.0)
        with current().only_if(ops.mean(x) < 1e9):
            value.assign_add(1.0)

    run(step, 2)
    np.testing.assert_array_equal(value, np.full(50, 3.0))


def test_conditions_within_conditions() -> None:
    count, inner, outer = (Variable(0, dtype="int64") for _ in range(3))

    def step(x: Any) -> None:
        count.assign_add(1)
        with current().only_if(ops.mod(count, 2.0)):
            outer.assign_add(1)
            # Computed where the first one holds, and stale elsewhere.
            with current().only_if(ops.mod(outer, 2.0)):
                inner.assign_add(1)

    run(step, 8)
    assert (int(count), int(outer), int(inner)) == (8, 4, 2)


def test_a_condition_that_the_steps_overwrite_is_read_once() -> None:
    flag, first, second = Variable(1.0), Variable(0.0), Variable(0.0)

    def step(x: Any) -> None:
        with current().only_if(flag):
            first.assign_add(1.0)
            flag.assign(0.0)
            second.assign_add(1.0)

    run(step, 3)
    assert (float(flag), float(first), float(second)) == (0.0, 1.0, 1.0)


def test_a_batch_can_bring_the_condition() -> None:
    graph = _core.Graph()
    x, on = graph.input("x", (None, 3)), graph.input("on", ())
    variable = _core.Variable(np.zeros(3, np.float32), "v")
    graph.push_guard(on)
    (total,) = graph.add("sum", [x], {"axes": [0]})
    graph.add("assign_add", [graph.variable(variable), total])
    graph.pop_guard()
    program = _core.Program(graph, [x, on], [])
    for value in (0, 1, 0, -1):
        program.run([np.ones((4, 3), np.float32), np.float32(value)])
    np.testing.assert_array_equal(variable.value, [8, 8, 8])
    with pytest.raises(ValueError, match="input 'on' is read but not among the inputs"):
        _core.Program(graph, [x], [])


def test_only_nodes_of_one_condition_share_a_step() -> None:
    a, b = Variable(np.zeros(50)), Variable(np.zeros(50))

    def step(x: Any) -> None:
        mean = ops.mean(x, axis=0)
        with current().only_if(ops.mean(x) < 1e9):
            a.assign_add(mean * 2)
            b.assign_add(ops.square(mean))
        b.assign_add(mean)

    text = run(step, 1).describe(40)
    assert "if less: affine + assign_add + square + assign_add" in text
    assert "assign_add: it runs under another condition" not in text.split("if less")[0]


def test_errors() -> None:
    with Trace() as trace:
        x = trace.input("x", (None, 3))
        with trace.only_if(ops.mean(x)):
            inside = ops.sum(x, axis=0)
            inside = inside + inside
        with pytest.raises(ValueError, match=r"computed under a condition \(only_if\) that does not hold here"):
            ops.square(inside)
        with pytest.raises(ValueError, match="an output is computed under a condition"):
            trace.program([x], [inside])
        with (
            pytest.raises(ValueError, match=r"expected a scalar condition, received shape \(3,\)"),
            trace.only_if(ops.sum(x, axis=0)),
        ):
            pass
        with pytest.raises(ValueError, match="no condition to end"):
            trace.graph.pop_guard()


class Accumulating(keras.optimizers.SGD):
    """Steps along the sum of the gradients of two batches."""

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.sums = [self.add_variable_from_reference(v, "sum") for v in self._trainable_variables]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        total = self.sums[self._get_variable_index(variable)]
        total.assign_add(gradient)
        with current().only_if(ops.mod(self.iterations, 2.0)):
            apply("sgd", [variable, total, learning_rate])
            total.assign(ops.zeros_like(total))


def test_model_files_keep_conditions(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(48, 6)).astype(np.float32)
    y = x[:, :2]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(2)])
    model.compile(Accumulating(0.1), "mse")
    model.train_on_batch(x[:16], y[:16])
    model.export(tmp_path / "m.ravine")
    native = _core.NativeModel(str(tmp_path / "m.ravine"))
    before = native.predict(x)
    moved = []
    for begin in (0, 16, 32):
        model.train_on_batch(x[begin : begin + 16], y[begin : begin + 16])
        native.train_on_batch(x[begin : begin + 16], y[begin : begin + 16])
        after = native.predict(x)
        np.testing.assert_array_equal(after, model.predict(x, verbose=0))
        moved.append(bool((after != before).any()))
        before = after
    assert moved == [True, False, True]
