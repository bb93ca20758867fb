"""The gradient of every differentiable op against central differences of its float64 reference."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, is_variable
from numpy.typing import NDArray
from references import REFERENCES, with_rows

from ravine import _core

Array = NDArray[Any]
ROWS = 5
STEP = 1e-5
ELEMENTS = 25  # of each operand are tried
# Only some outputs of these lead back to the operands.
FOLLOWED = {"batch_norm": 1, "circle_loss": 1}

DIFFERENTIABLE = [op for op, cases in CASES.items() if any(case.differentiable for case in cases)]


def engine_gradients(op: str, case: Case, values: list[Array], weights: list[Array]) -> list[Array]:
    """d sum(output * weights) for the differentiable operands."""
    graph = _core.Graph()
    ids, feeds, inputs = [], [], []
    for i, operand in enumerate(case.operands):
        if is_variable(op, i, operand):
            ids.append(graph.variable(_core.Variable(values[i], "v")))
        else:
            ids.append(graph.input(f"input {i}", operand.shape))
            inputs.append(ids[-1])
            feeds.append(values[i])
    total = None
    for output, weight in zip(graph.add(op, ids, case.attrs), weights, strict=False):
        shape = graph.shape(output)
        inputs.append(graph.input("weights", shape))
        feeds.append(weight)
        (product,) = graph.add("multiply", [output, inputs[-1]])
        (part,) = graph.add("sum", [product], {"axes": list(range(len(shape)))})
        total = part if total is None else graph.add("add", [total, part])[0]
    assert total is not None
    gradients = graph.gradients(total, [ids[i] for i in case.differentiable])
    assert None not in gradients
    return _core.Program(graph, inputs, [g for g in gradients if g is not None]).run(feeds)


@pytest.fixture
def other_threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads, also beyond what the machine has."""
    before = _core.num_threads()
    _core.allow_oversubscription(True)
    yield _core.set_num_threads
    _core.allow_oversubscription(False)
    _core.set_num_threads(before)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
def test_against_differences(op: str, other_threads: Callable[[int], None]) -> None:
    for number, case in enumerate(CASES[op]):
        if not case.differentiable:
            continue
        values = case.draw(ROWS, number)
        wide = [value.astype(np.float64) if value.dtype == np.float32 else value for value in values]
        attrs = with_rows(case.attrs, ROWS)
        random = np.random.default_rng(number)
        outputs = REFERENCES[op](wide, attrs)[: FOLLOWED.get(op)]
        weights = [random.uniform(-1, 1, np.shape(output)).astype(np.float32) for output in outputs]

        def loss(wide: list[Array] = wide, attrs: Any = attrs, weights: list[Array] = weights) -> float:
            outputs = REFERENCES[op](wide, attrs)
            return float(sum(np.sum(output * weight) for output, weight in zip(outputs, weights, strict=False)))

        other_threads(1)
        gradients = engine_gradients(op, case, values, weights)
        for count in (2, 3):
            other_threads(count)
            for alone, shared in zip(gradients, engine_gradients(op, case, values, weights), strict=True):
                np.testing.assert_array_equal(alone, shared)
        for i, got in zip(case.differentiable, gradients, strict=True):
            assert got.shape == values[i].shape
            for element in random.permutation(values[i].size)[:ELEMENTS]:
                place = np.unravel_index(element, values[i].shape)
                before = wide[i][place]
                wide[i][place] = before + STEP
                above = loss()
                wide[i][place] = before - STEP
                slope = (above - loss()) / (2 * STEP)
                wide[i][place] = before
                assert got[place] == pytest.approx(slope, rel=2e-4, abs=2e-4), f"{op} {case} operand {i} at {place}"


def test_a_value_used_twice_gets_both_gradients() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 3))
    (y,) = graph.add("multiply", [x, x])
    (z,) = graph.add("add", [y, x])
    (loss,) = graph.add("sum", [z], {"axes": [0, 1]})
    (gradient,) = graph.gradients(loss, [x])
    assert gradient is not None
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    (got,) = _core.Program(graph, [x], [gradient]).run([values])
    np.testing.assert_array_equal(got, 2 * values + 1)


def test_no_path_gives_none() -> None:
    graph = _core.Graph()
    x, y = graph.input("x", (None, 3)), graph.input("y", (None, 3))
    (held,) = graph.add("stop_gradient", [y])
    (z,) = graph.add("multiply", [x, held])
    (loss,) = graph.add("sum", [z], {"axes": [0, 1]})
    gradients = graph.gradients(loss, [x, y])
    assert gradients[0] is not None
    assert gradients[1] is None


@pytest.mark.parametrize(("op", "other", "first"), [("maximum", 1.0, 1.0), ("minimum", 1.0, 1.0)])
def test_at_a_tie_the_first_operand_takes_the_gradient(op: str, other: float, first: float) -> None:
    graph = _core.Graph()
    a, b = graph.input("a", (None,)), graph.input("b", (None,))
    (y,) = graph.add(op, [a, b])
    (loss,) = graph.add("sum", [y], {"axes": [0]})
    gradients = graph.gradients(loss, [a, b])
    got = _core.Program(graph, [a, b], [g for g in gradients if g is not None]).run([np.full(3, other, np.float32)] * 2)
    np.testing.assert_array_equal(got, [[first] * 3, [1 - first] * 3])


@pytest.mark.parametrize("op", ["max", "min"])
def test_equal_extremes_share_the_gradient(op: str) -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 4))
    (y,) = graph.add(op, [x], {"axes": [1]})
    (loss,) = graph.add("sum", [y], {"axes": [0]})
    (gradient,) = graph.gradients(loss, [x])
    assert gradient is not None
    (got,) = _core.Program(graph, [x], [gradient]).run([np.array([[1, 0, 1, 0.5]], np.float32)])
    np.testing.assert_array_equal(got, [[0.5, 0, 0.5, 0] if op == "max" else [0, 1, 0, 0]])
