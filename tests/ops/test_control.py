"""Choices and loops: what runs at once, what is unrolled, and what is refused."""

from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import ops
from ravine.ops import Trace

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def test_cond() -> None:
    def choose(x: Any) -> Any:
        positive = ops.greater(ops.sum(x), 0)
        return ops.cond(positive, lambda: (x * 2, {"a": x}), lambda: (x, {"a": -x}))

    for x in (X, -X):
        doubled, named = choose(x)
        big, small = run_traced(lambda x: [choose(x)[0], choose(x)[1]["a"]], x)
        np.testing.assert_array_equal(big, doubled)
        np.testing.assert_array_equal(small, named["a"])
        np.testing.assert_array_equal(doubled, x * 2 if x.sum() > 0 else x)


def test_switch() -> None:
    branches = [lambda x: x, lambda x: x + 1, lambda x: x + 2]
    for index, added in ((0, 0), (1, 1), (2, 2), (7, 2), (-1, 0)):
        np.testing.assert_allclose(ops.switch(index, branches, X), X + added)
        offset = np.float32(index)
        got = run_traced(lambda x, i=offset: ops.switch(ops.sum(x) * 0 + i, branches, x), X)
        np.testing.assert_allclose(got, X + added, rtol=1e-6)


def test_loops_at_once_and_unrolled() -> None:
    def running(x: Any) -> Any:
        total, steps = ops.scan(lambda carry, part: (carry + part, carry * part), ops.zeros((3,)), x)
        return [total, steps, ops.map(lambda part: part * 2, x), ops.fori_loop(0, 3, lambda i, y: y * 2 + i, x)]

    wanted = [X.sum(axis=0), None, X * 2, X * 8 + 4]
    for got in (running(X), run_traced(running, X, batched=False)):
        for one, want in zip(got, wanted, strict=True):
            if want is not None:
                np.testing.assert_allclose(one, want, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(got[1][1:], np.cumsum(X, axis=0)[:-1] * X[1:], rtol=1e-5, atol=1e-6)
    gradient = gradient_of(lambda x: ops.scan(lambda c, p: (c * p, None), ops.ones((3,)), x)[0], X)
    np.testing.assert_allclose(gradient, X.prod(axis=0) / X, rtol=1e-5)


def test_while_loop() -> None:
    assert ops.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * 2), (0, 1)) == (5, 32)
    assert ops.while_loop(lambda i: i < 9, lambda i: i + 1, 0, maximum_iterations=3) == 3


def test_what_cannot_be_traced_says_so() -> None:
    with Trace() as trace:
        x = trace.input("x", (None, 3))
        with pytest.raises(NotImplementedError, match="Write a Python loop with a fixed number of rounds"):
            ops.while_loop(lambda y: ops.sum(y) < 5, lambda y: y * 2, x)
        for wrong in (lambda: ops.map(lambda y: y, x), lambda: ops.scan(lambda c, y: (c, y), 0.0, x)):
            with pytest.raises(NotImplementedError, match="size of the batch is free"):
                wrong()
        with pytest.raises(NotImplementedError, match="bounds must be Python integers"):
            ops.fori_loop(0, ops.sum(x), lambda i, y: y, x)
