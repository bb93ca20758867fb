"""Every op against float64 NumPy: in a program run batch by batch, and on its own."""

import math
from typing import Any

import numpy as np
import pytest
from cases import CASES, Case, is_variable
from numpy.typing import NDArray
from references import REFERENCES, UPDATED, with_rows

from ravine import _core

Array = NDArray[Any]


def expected(op: str, case: Case, values: list[Array], rows: int) -> list[Array]:
    wide = [value.astype(np.float64) if value.dtype == np.float32 else value for value in values]
    with np.errstate(all="ignore"):
        return REFERENCES[op](wide, with_rows(case.attrs, rows))


def assert_close(got: Array, want: Array, tolerance: float, what: str) -> None:
    want = np.asarray(want)
    assert got.shape == want.shape, what
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=what)


class Traced:
    """One op as a program: its operands are inputs, but for those that must be variables."""

    def __init__(self, op: str, case: Case, values: list[Array]):
        self.op, self.case = op, case
        graph = _core.Graph()
        self.variables: dict[int, _core.Variable] = {}
        # The batch has a size even where no operand has one.
        ids, self.inputs, self.fed = [], [graph.input("batch", (None,))], []
        for i, operand in enumerate(case.operands):
            if is_variable(op, i, operand):
                self.variables[i] = _core.Variable(values[i], f"variable {i}")
                ids.append(graph.variable(self.variables[i]))
            else:
                ids.append(graph.input(f"input {i}", operand.shape))
                self.inputs.append(ids[-1])
                self.fed.append(i)
        outputs = graph.add(op, ids, case.attrs)
        self.shapes = [graph.shape(output) for output in outputs]
        self.program = _core.Program(graph, self.inputs, outputs)

    def feeds(self, values: list[Array], samples: int) -> list[Array]:
        return [np.zeros(samples, np.float32), *[values[i] for i in self.fed]]

    def check(self, values: list[Array], batch_size: int, samples: int) -> None:
        """Runs the batches one by one, so that what is not batched can be looked at after each."""
        state = {i: values[i] for i in self.variables}
        for i, variable in self.variables.items():
            variable.value[...] = values[i]
        results = [
            np.full([samples if dim is None else dim for dim in shape], 7e7, np.float32) for shape in self.shapes
        ]
        for batch in range(-(-samples // batch_size)):
            rows = slice(batch * batch_size, min((batch + 1) * batch_size, samples))
            feeds = self.feeds(values, samples)
            done = self.program.run_batches(feeds, batch_size, batch, batch + 1, outputs=results)
            assert done == batch + 1
            now = [
                state[i] if i in state else values[i][rows] if operand.shape[:1] == (None,) else values[i]
                for i, operand in enumerate(self.case.operands)
            ]
            wanted = expected(self.op, self.case, now, rows.stop - rows.start)
            what = f"{self.op} {self.case} rows {rows}"
            if self.op in UPDATED:
                for position, want in zip(UPDATED[self.op], wanted, strict=True):
                    assert_close(self.variables[position].value, want, self.case.tolerance, what)
                    state[position] = self.variables[position].value.copy()
                continue
            for result, shape, want in zip(results, self.shapes, wanted, strict=True):
                got = result[rows] if shape[:1] == (None,) else result
                assert_close(got, want, self.case.tolerance, what)


@pytest.mark.parametrize("op", CASES)
def test_in_a_program(op: str, isa: str, threads: int) -> None:
    for number, case in enumerate(CASES[op]):
        traced = Traced(op, case, case.draw(1, number))
        for batch_size in (1, 5, 33) if threads == 1 else (33,):
            samples = 2 * batch_size - batch_size // 3
            traced.check(case.draw(samples, number), batch_size, samples)


@pytest.mark.parametrize("op", CASES)
def test_at_once(op: str, isa: str) -> None:
    rows = 5
    for number, case in enumerate(CASES[op]):
        values = case.draw(rows, number)
        operands: list[Any] = [
            _core.Variable(value, "v") if is_variable(op, i, operand) else value
            for i, (operand, value) in enumerate(zip(case.operands, values, strict=True))
        ]
        if op == "batch_size":
            continue
        results = _core.eager(op, operands, with_rows(case.attrs, rows))
        wanted = expected(op, case, values, rows)
        if op in UPDATED:
            assert results == []
            results = [operands[i].value for i in UPDATED[op]]
        for got, want in zip(results, wanted, strict=True):
            assert_close(got, want, case.tolerance, f"{op} {case}")


@pytest.mark.parametrize("op", [op for op in CASES if any(None in o.shape[:1] for c in CASES[op] for o in c.operands)])
def test_of_no_samples(op: str) -> None:
    for case in CASES[op]:
        values = case.draw(0, 0) if not case.statistics else []
        if any(operand.shape[:1] == (None,) for operand in case.operands) and values:
            traced = Traced(op, case, values)
            results = traced.program.run(traced.feeds(values, 0))
            for result, shape in zip(results, traced.shapes, strict=True):
                assert result.shape == tuple(0 if dim is None else dim for dim in shape)
            assert traced.program.run_batches(traced.feeds(values, 0), 4, 0, 0) == 0


TRUTHS = {"isnan", "isfinite", "logical_not"}
SHAPED = {"reshape", "broadcast_to", "transpose", "batch_size", "one_hot", "spread", "softmax", "log_softmax"}
SHAPED |= {"sum", "mean", "max", "min", "prod", "argmax", "slice", "place", "concatenate"}
SHAPED |= {"argsort", "cumsum", "cumprod", "sum_squares", "sum_absolutes", "sum_absolutes_and_squares"}
ELEMENTWISE = [
    op for op, (first, *_) in CASES.items() if op not in SHAPED and [o.shape for o in first.operands] == [(None, 7)]
]
PAIRS = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "equal", "less", "where"]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 1.0], np.float32)


@pytest.mark.parametrize("op", ELEMENTWISE)
def test_special_values(op: str, isa: str) -> None:
    case = CASES[op][0]
    (got,) = _core.eager(op, [SPECIAL], case.attrs)
    (want,) = expected(op, case, [SPECIAL], len(SPECIAL))
    assert np.isnan(got[0]) or op in TRUTHS
    # Where the formula of an activation is 0 * infinity, the kernel may give the limit.
    known = ~np.isnan(want)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(got[known], want[known].astype(np.float32), rtol=4e-6, atol=2e-38)


@pytest.mark.parametrize("op", PAIRS)
def test_special_pairs(op: str, isa: str) -> None:
    a, b = (x.ravel().copy() for x in np.meshgrid(SPECIAL, SPECIAL))
    operands = [a, b] if op != "where" else [np.isnan(a).astype(np.float32), a, b]
    (got,) = _core.eager(op, operands)
    with np.errstate(all="ignore"):
        want = REFERENCES[op](operands, {})[0]
    np.testing.assert_array_equal(got, want.astype(np.float32))


@pytest.mark.parametrize("op", ["max", "min", "argmax"])
def test_nan_wins(op: str, isa: str) -> None:
    x = np.arange(3 * 40, dtype=np.float32).reshape(3, 40)
    x[1, 17] = np.nan
    for axis in (0, 1):
        (got,) = _core.eager(op, [x], {"axes": [axis], "keepdims": 0})
        line = 17 if axis == 0 else 1
        assert got[line] == (1 if axis == 0 else 17) if op == "argmax" else np.isnan(got[line])
        assert np.isnan(got).sum() == (op != "argmax")


def test_results_larger_than_the_caches_have_the_same_bits(isa: str, threads: int) -> None:
    rows = (1 << 23) // 5 * threads + 4001  # each thread has enough to write past the caches, from any address on
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    y = x[::-1].copy()
    cuts = range(0, rows, rows // 9)
    for op, operands in {"silu": [x], "subtract": [x, y]}.items():
        (got,) = _core.eager(op, operands)
        for i in cuts:
            (want,) = _core.eager(op, [operand[i : i + rows // 9] for operand in operands])
            np.testing.assert_array_equal(got[i : i + rows // 9].view(np.uint32), want.view(np.uint32))


def test_labels_outside_the_classes_give_no_loss_value(isa: str) -> None:
    logits = np.zeros((3, 4), np.float32)
    for label in (4.0, -1.0, 1.5, np.nan):
        with pytest.raises(ValueError, match=r"sample 1 is not an integer in \[0, 4\)"):
            _core.eager("softmax_crossentropy", [logits, np.array([0, label, 3], np.float32)], {"sparse": 1})


def test_gelu_keeps_the_digits_of_its_left_tail(isa: str) -> None:
    x = np.concatenate([-np.geomspace(1e-6, 13, 4001), np.geomspace(1e-6, 13, 4001)]).astype(np.float32)
    want = [0.5 * float(v) * math.erfc(-float(v) / math.sqrt(2)) for v in x]
    np.testing.assert_allclose(_core.eager("gelu", [x])[0], want, rtol=1e-6, atol=0)
    beyond = np.array([-np.inf, -1e30, -20, 20, 1e30, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(_core.eager("gelu", [beyond])[0], np.maximum(beyond, 0))
