"""What a program does with its feeds, batches, outputs and state."""

import ctypes
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from networks import network
from numpy.typing import NDArray

from ravine import _core

Array = NDArray[Any]


def doubled(shape: tuple[int | None, ...] = (None, 3)) -> _core.Program:
    graph = _core.Graph()
    x = graph.input("x", shape)
    return _core.Program(graph, [x], graph.add("affine", [x], {"scale": 2.0, "offset": 0.0}))


TYPES = ["f4", "f8", "f2", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "?"]


@pytest.mark.parametrize("dtype", TYPES)
def test_any_numeric_dtype_is_fed(dtype: str, isa: str) -> None:
    data = (np.arange(7 * 19).reshape(7, 19) % 2 * 3).astype(dtype)
    np.testing.assert_array_equal(doubled((None, 19)).run([data])[0], 2 * data.astype(np.float32))


LAYOUTS = {
    "every second row": lambda x: x[::2],
    "reversed": lambda x: x[::-1],
    "columns apart": lambda x: x[:, ::2],
    "columns of a wider array": lambda x: x[:, 2:5],
    "transposed": lambda x: x.T,
    "fortran": np.asfortranarray,
    "one row repeated": lambda x: np.broadcast_to(x[0], x.shape),
    "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "u1"])
def test_any_layout_is_fed(layout: str, dtype: str) -> None:
    x = LAYOUTS[layout](np.arange(12 * 12).reshape(12, 12).astype(dtype))
    want = 2 * x.astype(np.float32)
    program = doubled((None, x.shape[1]))
    np.testing.assert_array_equal(program.run([x])[0], want)
    order = np.random.default_rng(0).permutation(len(x))
    got = np.zeros(want.shape, np.float32)
    program.run_batches([x], 5, 0, -(-len(x) // 5), order, [got])
    np.testing.assert_array_equal(got, want[order])


@pytest.mark.parametrize("batch_size", [1, 4, 5, 10, 99])
def test_batches_in_pieces(batch_size: int) -> None:
    x = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    got = np.full((10, 3), np.nan, np.float32)
    program, batches = doubled(), -(-10 // batch_size)
    for batch in range(batches):
        assert program.run_batches([x], batch_size, batch, batch + 1, outputs=[got]) == batch + 1
        assert np.isfinite(got).sum() == 3 * min(10, (batch + 1) * batch_size)
    np.testing.assert_array_equal(got, 2 * x)


def test_an_order_may_name_fewer_samples_and_repeat_them() -> None:
    x = np.arange(6, dtype=np.float32).reshape(6, 1)
    order, got = np.array([5, 5, 0, 2]), np.zeros((4, 1), np.float32)
    assert doubled((None, 1)).run_batches([x], 3, 0, 2, order, [got]) == 2
    np.testing.assert_array_equal(got.ravel(), [10, 10, 0, 4])


def test_values_in_all_roles_may_be_outputs() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 2))
    variable = _core.Variable(np.ones(2, np.float32), "w")
    w, c = graph.variable(variable), graph.constant(np.full(3, 7, np.float32))
    (y,) = graph.add("add", [x, w])
    (view,) = graph.add("reshape", [y], {"shape": [None, 2, 1]})
    (of_constant,) = graph.add("reshape", [c], {"shape": [3, 1]})
    graph.add("assign_add", [w, w])
    program = _core.Program(graph, [x], [x, w, c, y, y, view, of_constant])
    data = np.arange(6, dtype=np.float32).reshape(3, 2)
    for _ in range(2):
        before = variable.value.copy()
        got = program.run([data])
        np.testing.assert_array_equal(got[0], data)
        np.testing.assert_array_equal(got[1], 2 * before)
        np.testing.assert_array_equal(got[2], [7, 7, 7])
        np.testing.assert_array_equal(got[3], data + before)
        np.testing.assert_array_equal(got[4], data + before)
        np.testing.assert_array_equal(got[5], (data + before)[..., None])
        np.testing.assert_array_equal(got[6], [[7], [7], [7]])


@pytest.mark.parametrize("kind", ["variable", "constant"])
@pytest.mark.parametrize("op", ["affine", "softmax"])
def test_a_view_of_a_variable_is_not_computed_over(kind: str, op: str) -> None:
    graph = _core.Graph()
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    variable = _core.Variable(value, "w")
    root = graph.variable(variable) if kind == "variable" else graph.constant(value)
    (view,) = graph.add("reshape", [root], {"shape": [3, 2]})
    (y,) = graph.add(op, [view], {"scale": 2.0, "offset": 1.0} if op == "affine" else {})
    program = _core.Program(graph, [], [y])
    first = program.run([])[0]
    np.testing.assert_array_equal(program.run([])[0], first)
    np.testing.assert_array_equal(variable.value, value)


def test_a_read_before_an_update_sees_the_old_value() -> None:
    graph = _core.Graph()
    variable = _core.Variable(np.arange(4, dtype=np.float32), "w")
    w = graph.variable(variable)
    (before,) = graph.add("affine", [w], {"scale": 1.0, "offset": 10.0})
    graph.add("assign_add", [w, graph.constant(np.ones(4, np.float32))])
    (after,) = graph.add("affine", [w], {"scale": 1.0, "offset": 10.0})
    got = _core.Program(graph, [], [before, after]).run([])
    np.testing.assert_array_equal(got, [[10, 11, 12, 13], [11, 12, 13, 14]])


def test_a_view_made_before_an_update_shows_the_old_value() -> None:
    graph = _core.Graph()
    variable = _core.Variable(np.arange(4, dtype=np.float32), "w")
    w = graph.variable(variable)
    (held,) = graph.add("stop_gradient", [w])
    (column,) = graph.add("reshape", [w], {"shape": [4, 1]})
    graph.add("assign_add", [w, graph.constant(np.ones(4, np.float32))])
    (change,) = graph.add("subtract", [w, held])
    got = _core.Program(graph, [], [change, held, column]).run([])
    np.testing.assert_array_equal(got[0], [1, 1, 1, 1])
    np.testing.assert_array_equal(got[1], [0, 1, 2, 3])
    np.testing.assert_array_equal(got[2], [[0], [1], [2], [3]])


def test_updates_run_though_nothing_reads_them_and_nothing_else_does() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None,))
    count, total = _core.Variable(np.array(5, np.int64), "n"), _core.Variable(np.array(0.5), "t")
    graph.add("increment", [graph.variable(count)])
    (mean,) = graph.add("mean", [x], {"axes": [0]})
    graph.add("accumulate", [graph.variable(total), mean])
    graph.add("exp", [x])
    program = _core.Program(graph, [x], [])
    assert "exp" not in program.describe(4)
    assert program.run([np.full(4, 3, np.float32)]) == []
    assert (count.value, total.value) == (6, 3.5)


def test_a_running_total_keeps_its_digits() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None,))
    total = _core.Variable(np.array(2.0**40), "t")
    (mean,) = graph.add("mean", [x], {"axes": [0]})
    graph.add("accumulate", [graph.variable(total), mean])
    _core.Program(graph, [x], []).run_batches([np.full(1000, 0.125, np.float32)], 1, 0, 1000)
    assert total.value == 2.0**40 + 125


def test_no_samples() -> None:
    assert doubled().run([np.zeros((0, 3), np.float32)])[0].shape == (0, 3)
    assert doubled().run_batches([np.zeros((0, 3), np.float32)], 4, 0, 0) == 0
    assert doubled().run_batches([np.zeros((5, 3), np.float32)], 4, 1, 1) == 1
    net = network([4, 3])
    before = net.bits()
    net.program.run(net.data(0))
    assert net.bits() == before


def test_the_graph_is_copied() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None,))
    (y,) = graph.add("exp", [x])
    program = _core.Program(graph, [x], [y])
    graph.add("log", [y])
    del graph
    gc.collect()
    np.testing.assert_array_equal(program.run([np.zeros(2, np.float32)])[0], [1, 1])


def test_two_programs_share_their_variables() -> None:
    net = network([6, 8])
    graph = _core.Graph()
    other = _core.Program(graph, [], [graph.variable(net.variables[0])])
    net.program.run(net.data(32))
    np.testing.assert_array_equal(other.run([])[0], net.variables[0].value)
    net.variables[0].value[...] = 3
    np.testing.assert_array_equal(other.run([])[0], np.full_like(net.variables[0].value, 3))


def test_a_view_outlives_its_variable_and_program() -> None:
    net = network([6, 8])
    values = net.variables[0].value
    copy = values.copy()
    alive = weakref.ref(net)
    del net
    gc.collect()
    assert alive() is None
    np.testing.assert_array_equal(values, copy)


def test_flat_variables_are_aligned_and_lie_side_by_side() -> None:
    variables = [_core.Variable(np.full(n, n, np.float32), str(n)) for n in (3, 100, 1, 17)]
    _core.flatten(variables)
    places = [variable.value.ctypes.data for variable in variables]
    assert all(place % 64 == 0 for place in places)
    assert places == sorted(places)
    assert places[-1] - places[0] < 1024
    _core.flatten(variables)
    assert [variable.value.ctypes.data for variable in variables] == places
    assert all((variable.value == int(variable.name)).all() for variable in variables)


def test_poll_is_called_between_batches_and_stops() -> None:
    calls = []

    def poll(done: int) -> bool:
        calls.append(done)
        return done < 5

    x = np.zeros((100, 3), np.float32)
    assert doubled().run_batches([x], 10, 0, 10, poll=poll, poll_seconds=0.0) == 5
    assert calls == [1, 2, 3, 4, 5]
    assert doubled().run_batches([x], 10, 5, 10, poll=lambda done: True, poll_seconds=0.0) == 10


def test_an_exception_of_poll_reaches_the_caller() -> None:
    net = network([4, 5])

    def poll(done: int) -> bool:
        raise LookupError(f"after {done}")

    with pytest.raises(LookupError, match="after 1"):
        net.program.run_batches(net.data(100), 10, 0, 10, poll=poll, poll_seconds=0.0)
    assert net.program.run_batches(net.data(100), 10, 0, 10) == 10


def test_poll_cannot_run_its_own_program() -> None:
    net = network([4, 5])

    def again(done: int) -> bool:
        net.program.run(net.data(8))
        return True

    with pytest.raises(RuntimeError, match="runs right now"):
        net.program.run_batches(net.data(100), 10, 0, 10, poll=again, poll_seconds=0.0)
    assert net.program.run_batches(net.data(100), 10, 0, 10) == 10


def test_outputs_are_written_where_they_belong_only() -> None:
    whole = np.full((12, 3), 9, np.float32)
    doubled().run_batches([np.ones((10, 3), np.float32)], 4, 0, 2, outputs=[whole[1:11]])
    assert (whole[[0, 9, 10, 11]] == 9).all()
    assert (whole[1:9] == 2).all()


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="reads the memory use as Linux shows it")
def test_programs_plans_and_eager_calls_give_their_memory_back() -> None:
    def once() -> None:
        for _ in range(10):
            net = network([300, 200])
            net.program.run(net.data(256))
            _core.eager("exp", [np.zeros((1000, 100), np.float32)])

    once()
    many_sizes = doubled((None, 500))
    before = resident()
    for rows in range(200, 500):
        many_sizes.run([np.zeros((rows, 500), np.float32)])
    for _ in range(3):
        once()
    assert resident() - before < 50e6
