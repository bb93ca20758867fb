"""What becomes of a graph: which nodes run, in how many steps, in how much memory."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import network

from ravine import _core


def steps(plan: str) -> list[str]:
    """The steps of a plan in words, without numbers, axes and sizes."""
    return [line.split(" bytes ")[1].split("  [")[0].strip() for line in plan.splitlines() if re.match(r" +\d+ ", line)]


def number(plan: str, what: str) -> int:
    found = re.search(what.replace("#", r"(\d+)"), plan)
    assert found is not None, plan
    return int(found.group(1))


class Tracer:
    def __init__(self) -> None:
        self.graph = _core.Graph()
        self.inputs: list[int] = []

    def input(self, *shape: int | None) -> int:
        self.inputs.append(self.graph.input(f"input {len(self.inputs)}", shape))
        return self.inputs[-1]

    def variable(self, *shape: int) -> int:
        return self.graph.variable(_core.Variable(np.full(shape, 0.5, np.float32), "w"))

    def add(self, op: str, *inputs: int, label: str = "", **attrs: Any) -> int:
        outputs = self.graph.add(op, list(inputs), attrs, label)
        return outputs[0] if outputs else -1

    def plan(self, *outputs: int, batch_size: int = 32) -> str:
        return _core.Program(self.graph, self.inputs, list(outputs)).describe(batch_size)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = _core.num_threads()
    _core.set_num_threads(1)
    yield
    _core.set_num_threads(before)


def test_batch_norm_on_the_input_saves_a_product() -> None:
    def plan(inner: bool) -> list[str]:
        t = Tracer()
        x, gamma, beta, w = t.input(None, 40), t.variable(40), t.variable(40), t.variable(40, 24)
        below = t.variable(40)
        y = t.add("batch_norm", t.add("multiply", x, below), gamma, beta, epsilon=1e-3)
        z = t.add("matmul", y, w)
        loss = t.add("mean", t.add("square", z), axes=[0, 1])
        wanted = [gamma, beta, w, *([below] if inner else [])]
        gradients = [g for g in t.graph.gradients(loss, wanted) if g is not None]
        return steps(t.plan(*gradients))

    assert "normalized_dense_gradients" in plan(inner=False)
    assert sum("matmul" in step for step in plan(inner=False)) == 1
    assert sum("matmul" in step for step in plan(inner=True)) == 3
    assert "batch_norm_grad" in plan(inner=True)


def test_a_dense_layer_is_one_step() -> None:
    t = Tracer()
    product = t.add("matmul", t.input(None, 20), t.variable(20, 30), label="Dense 'fc1'")
    y = t.add("relu", t.add("add", product, t.variable(30)))
    plan = t.plan(y)
    assert steps(plan) == ["matmul + bias + relu"]
    assert "[Dense 'fc1']" in plan


def test_an_update_joins_the_product_that_makes_its_gradient() -> None:
    t = Tracer()
    w = t.variable(20, 30)
    gradient = t.add("matmul", t.input(None, 20), t.input(None, 30), transpose_a=1)
    t.add("sgd", w, gradient, t.variable())
    assert steps(t.plan()) == ["matmul + sgd"]


def test_a_penalty_is_one_read_and_joins_the_update() -> None:
    t = Tracer()
    x, w, slot = t.input(None, 6), t.variable(6, 5), t.variable(6, 5)
    data_loss = t.add("mean", t.add("square", t.add("matmul", x, w)), axes=[0, 1])
    for penalty in ("square", "absolute"):
        part = t.add("affine", t.add("sum", t.add(penalty, w), axes=[0, 1]), scale=0.1, offset=0.0)
        data_loss = t.add("add", data_loss, part)
    gradient = t.graph.gradients(data_loss, [w])[0]
    rate = t.graph.constant(np.float32(0.1))
    t.add("sgd_momentum", w, gradient, slot, rate, rate)
    found = steps(t.plan(data_loss))
    assert {"sum_squares", "sum_absolutes"} <= set(found)
    (product,) = (step for step in found if "sgd_momentum" in step)
    assert product.startswith("matmul") and {"sign", "multiply", "add"} <= set(product.split(" + "))
    assert not any(step.startswith(("square", "absolute", "sign")) for step in found)


@pytest.mark.parametrize("order", [("square", "absolute"), ("absolute", "square")])
def test_two_penalties_read_large_weights_together(order: tuple[str, str]) -> None:
    t = Tracer()
    w = t.graph.variable(_core.Variable(np.linspace(-1, 1, 20000, dtype=np.float32), "w"))
    sums = [t.add("sum", t.add(part, w), axes=[0]) for part in order]
    program = _core.Program(t.graph, [], sums)
    assert steps(program.describe(1)).count("sum_absolutes_and_squares") == 1
    values = np.abs(np.linspace(-1, 1, 20000))
    want = [np.sum(values ** (2 if part == "square" else 1)) for part in order]
    together = program.run([])
    np.testing.assert_allclose(together, want, rtol=1e-5)
    for total, apart in zip(together, sums, strict=True):  # the same order of additions, so the same bits
        assert total == _core.Program(t.graph, [], [apart]).run([])[0]
    t.add("assign", w, t.graph.constant(np.zeros(20000, np.float32)))
    late = t.add("sum", t.add("absolute", w), axes=[0])
    program = _core.Program(t.graph, [], [sums[0], late])
    assert program.run([])[1] == 0.0  # not before the weights have changed


def test_an_average_of_weights_joins_their_update() -> None:
    t = Tracer()
    x, w, average = t.input(None, 6), t.variable(6, 5), t.variable(6, 5)
    loss = t.add("mean", t.add("square", t.add("matmul", x, w)), axes=[0, 1])
    gradient = t.graph.gradients(loss, [w])[0]
    t.add("sgd", w, gradient, t.graph.constant(np.float32(0.1)))
    kept = t.add("affine", average, scale=0.9, offset=0.0)
    t.add("assign", average, t.add("add", kept, t.add("affine", w, scale=0.1, offset=0.0)))
    assert "matmul + sgd + affine + affine + add + assign" in steps(t.plan())


def test_a_penalty_is_not_summed_after_the_weights_have_changed() -> None:
    t = Tracer()
    w = t.variable(4)
    squares = t.add("square", w)
    t.add("assign", w, t.graph.constant(np.zeros(4, np.float32)))
    total = t.add("sum", squares, axes=[0])
    program = _core.Program(t.graph, [], [total])
    assert "sum_squares" not in steps(program.describe(1))
    assert program.run([])[0] == 1.0  # of the weights as they were


def test_an_update_does_not_overtake_a_read() -> None:
    t = Tracer()
    w = t.variable(20, 30)
    x, dy = t.input(None, 20), t.input(None, 30)
    gradient = t.add("matmul", x, dy, transpose_a=1)
    late = t.add("matmul", dy, w, transpose_b=1)
    t.add("sgd", w, gradient, t.variable())
    plan = t.plan(late)
    assert steps(plan) == ["matmul", "matmul", "sgd"]
    assert "not fused: sgd: what it overwrites is read in between" in plan


def test_chains_fuse() -> None:
    t = Tracer()
    x = t.input(None, 40)
    y = x
    for op in ("exp", "negative", "tanh", "square"):
        y = t.add(op, y)
    y = t.add("add", t.add("multiply", y, x), t.variable(40))
    assert steps(t.plan(y)) == ["exp + negative + tanh + square + multiply + add"]


def test_what_nobody_reads_does_not_run() -> None:
    t = Tracer()
    x = t.input(None, 4)
    y = t.add("exp", x)
    t.add("log", y)
    t.add("softmax", x)
    assert steps(t.plan(y)) == ["exp"]
    assert steps(t.plan()) == []


def test_no_gradient_is_computed_below_what_is_wanted() -> None:
    t = Tracer()
    x, first, second = t.input(None, 8), t.variable(8, 9), t.variable(9, 7)
    y = t.add("matmul", t.add("tanh", t.add("matmul", x, first)), second)
    loss = t.add("sum", y, axes=[0, 1])
    (gradient,) = t.graph.gradients(loss, [second])
    assert gradient is not None
    assert sum("matmul" in step for step in steps(t.plan(gradient))) == 2
    assert not any("tanh_grad" in step for step in steps(t.plan(gradient)))


def test_repeated_nodes_run_once() -> None:
    t = Tracer()
    x = t.input(None, 8)
    y = t.add("subtract", t.add("softmax", x), t.add("sum", t.add("softmax", x), axes=[1], keepdims=1))
    assert sum("softmax" in step for step in steps(t.plan(y))) == 1


def test_repeated_nodes_run_again_after_an_update() -> None:
    t = Tracer()
    w = t.variable(2, 3)
    before = t.add("exp", t.add("softmax", w))
    t.add("assign_add", w, t.graph.constant(np.arange(6, dtype=np.float32).reshape(2, 3)))
    after = t.add("exp", t.add("softmax", w))
    got = _core.Program(t.graph, [], [before, after]).run([])
    assert np.abs(got[0] - got[1]).max() > 0.1


def test_a_by_product_is_not_taken_from_after_an_update() -> None:
    t = Tracer()
    w = t.variable(2, 3)
    before = t.add("softmax", w)
    t.add("assign_add", w, t.graph.constant(np.arange(6, dtype=np.float32).reshape(2, 3)))
    _, after = t.graph.add("softmax_crossentropy", [w, w], {"sparse": 0})
    difference = t.add("subtract", before, after)
    (got,) = _core.Program(t.graph, [], [difference]).run([])
    assert np.abs(got).max() > 0.1


def test_memory_is_used_again() -> None:
    t = Tracer()
    y = t.input(None, 256)
    for _ in range(20):
        y = t.add("softmax", y)
    plan = t.plan(y, batch_size=100)
    assert len(steps(plan)) == 20
    assert number(plan, "arena # bytes") <= 3 * 100 * 256 * 4 + 4096


def test_batches_of_another_size_get_a_plan_of_their_own() -> None:
    program = network([4, 5]).program
    assert number(program.describe(8), "batch #,") == 8
    assert number(program.describe(9), "batch #,") == 9


def test_more_threads_for_more_work(set_threads: Callable[[int], None]) -> None:
    set_threads(2)
    if _core.available_threads() < 2:
        pytest.skip("needs two processors")
    assert " 1 thread," in network([4, 5]).program.describe(2)
    wide = network([512, 512, 512]).program.describe(128)
    assert " 2 threads," in wide
    assert any("|" in line for line in wide.splitlines()[1:])


def one_row(widths: list[int]) -> str:
    """The plan that predicts one row with dense layers of these widths."""
    t = Tracer()
    x = t.input(None, widths[0])
    for before, after in itertools.pairwise(widths):
        x = t.add("relu", t.add("matmul", x, t.variable(before, after)))
    return t.plan(t.add("softmax", x), batch_size=1)


def test_no_barrier_stands_where_one_thread_does_all(set_threads: Callable[[int], None]) -> None:
    set_threads(3)
    plan = one_row([784, 300, 100, 10])  # the last layer is a single slice, and so is the softmax
    assert "3 threads" in plan
    assert number(plan, "# barriers") == 3


@pytest.mark.skipif(_core.available_threads() < 2, reason="one processor: no team to choose")
@pytest.mark.parametrize(("widths", "threads"), [([784, 300, 100, 10], 2), ([2000, *[100] * 20], 1)])
def test_a_team_must_pay_off_where_barriers_are_slow(widths: list[int], threads: int) -> None:
    _core.set_num_threads(2)
    assert number(one_row(widths), r"batch 1, # thread") == threads
