"""Choosing by index, rank and order against NumPy, at once and traced; embeddings at every number of threads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import Input, Model, Variable, _core, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3, 5)).astype(np.float32)
TIES = RNG.integers(0, 3, size=(4, 3, 5)).astype(np.float32)
TABLE = RNG.normal(size=(7, 3)).astype(np.float32)
INDICES = RNG.integers(-7, 7, size=(4, 2))
ALONG = RNG.integers(-3, 3, size=(4, 2, 5))

# name -> (operands, the op applied to them, the same in NumPy)
CASES: dict[str, tuple[list[Any], Callable, Callable]] = {
    "argsort": ([TIES], lambda x: ops.argsort(x, axis=1), lambda x: np.argsort(x, axis=1, kind="stable")),
    "sort": ([X], ops.sort, np.sort),
    "sort along another axis": ([TIES], lambda x: ops.sort(x, axis=1), lambda x: np.sort(x, axis=1)),
    "top_k": (
        [TIES],
        lambda x: list(ops.top_k(x, 2)),
        lambda x: [np.sort(x)[..., :-3:-1], np.argsort(-x, kind="stable")[..., :2]],
    ),
    "median": ([X], lambda x: ops.median(x, axis=(1, 2)), lambda x: np.median(x, axis=(1, 2))),
    "median, kept": (
        [X],
        lambda x: ops.median(x, axis=1, keepdims=True),
        lambda x: np.median(x, axis=1, keepdims=True),
    ),
    "take": ([X], lambda x: ops.take(x, [0, 2, -1], axis=1), lambda x: np.take(x, [0, 2, -1], axis=1)),
    "take one": ([X], lambda x: ops.take(x, 1, axis=-1), lambda x: np.take(x, 1, axis=-1)),
    "take a matrix of them": (
        [X],
        lambda x: ops.take(x, [[0, 1], [4, -5]], axis=2),
        lambda x: np.take(x, [[0, 1], [4, -5]], axis=2),
    ),
    "take rows": ([INDICES], lambda i: ops.take(Variable(TABLE), i, axis=0), lambda i: TABLE[i]),
    "take of all": ([INDICES], lambda i: ops.take(TABLE, i), lambda i: np.take(TABLE, i)),
    "take_along_axis": (
        [X, ALONG],
        lambda x, i: ops.take_along_axis(x, i, axis=1),
        lambda x, i: np.take_along_axis(x, i, axis=1),
    ),
    "take_along_axis, spread": (
        [X, ALONG[:, :1, :1]],
        lambda x, i: ops.take_along_axis(x, i, axis=1),
        lambda x, i: np.take_along_axis(x, np.broadcast_to(i, (4, 1, 5)), axis=1),
    ),
    "digitize": ([X], lambda x: ops.digitize(x, [-1, 0, 1]), lambda x: np.digitize(x, [-1, 0, 1])),
    "digitize, bins that are computed": (
        [X],
        lambda x: ops.digitize(x, ops.sort(Variable(np.array([1.0, -1.0, 0.0], np.float32)))),
        lambda x: np.digitize(x, [-1, 0, 1]),
    ),
    "searchsorted": (
        [TIES],
        lambda x: ops.searchsorted(np.array([0, 1, 1, 2]), x, side="right"),
        lambda x: np.searchsorted([0, 1, 1, 2], x, side="right"),
    ),
    "bincount": (
        [TIES[:, 0]],
        lambda x: ops.bincount(x, minlength=3),
        lambda x: np.stack([np.bincount(row.astype(int), minlength=3) for row in x]),
    ),
    "bincount with weights": (
        [TIES[:, 0], X[:, 0]],
        lambda x, w: ops.bincount(x, w, minlength=4),
        lambda x, w: np.stack([np.bincount(r.astype(int), v, minlength=4) for r, v in zip(x, w, strict=True)]),
    ),
    **{
        f"quantile, {method}": (
            [X],
            lambda x, m=method: ops.quantile(x, 0.37, axis=(1, 2), method=m),
            lambda x, m=method: np.quantile(x, 0.37, axis=(1, 2), method=m),
        )
        for method in ("linear", "lower", "higher", "midpoint", "nearest")
    },
}


@pytest.mark.parametrize("name", CASES)
def test_at_once_and_traced(name: str) -> None:
    operands, op, reference = CASES[name]
    expected = reference(*operands)
    several = isinstance(expected, list)
    for got in (op(*operands), run_traced(op, *operands)):
        for one, want in zip(got, expected, strict=True) if several else [(got, expected)]:
            np.testing.assert_allclose(one, want, rtol=2e-6, atol=2e-6)


def test_several_quantiles() -> None:
    q = [0.0, 0.25, 1.0]
    np.testing.assert_allclose(ops.quantile(X, q, axis=1), np.quantile(X, q, axis=1), rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(ops.quantile(X, q), np.quantile(X, q), rtol=2e-6, atol=2e-6)


def test_nan_is_the_largest() -> None:
    x = np.array([2, np.nan, -np.inf, np.inf, 1], np.float32)
    np.testing.assert_array_equal(ops.sort(x), np.sort(x))
    np.testing.assert_array_equal(ops.argsort(x), [2, 4, 0, 3, 1])
    np.testing.assert_array_equal(ops.top_k(x, 2)[1], [1, 3])


def test_selection_as_part_of_a_model() -> None:
    inputs = Input((3, 5))
    for axis, chosen in ((1, [2, 0]), (2, [[0, 4], [1, -1]]), (-1, 3)):
        model = Model(inputs, ops.take(inputs, np.array(chosen), axis=axis))
        np.testing.assert_array_equal(model.predict(X, verbose=0), np.take(X, chosen, axis=axis))
    model = Model(inputs, ops.take_along_axis(inputs, ops.argsort(inputs, axis=1), axis=1))
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.sort(X, axis=1))


def test_gradients_find_their_way_back() -> None:
    weights = RNG.normal(size=(4, 3, 5)).astype(np.float32)
    order = np.argsort(X, axis=-1)
    gradient = gradient_of(lambda x: ops.sort(x) * weights, X)
    np.testing.assert_array_equal(np.take_along_axis(gradient, order, -1), weights)
    gradient = gradient_of(lambda x: ops.median(x, axis=-1), X)
    np.testing.assert_array_equal(gradient, (order.argsort(axis=-1) == 2).astype(np.float32))
    gradient = gradient_of(lambda t: ops.take(t, np.array([1, 1, 4]), axis=0), TABLE)
    np.testing.assert_array_equal(gradient[:, 0], [0, 2, 0, 0, 1, 0, 0])


def test_in_top_k() -> None:
    keras = pytest.importorskip("keras")
    predictions = np.concatenate([X[:, 0], TIES[:, 0]])
    targets = RNG.integers(0, 5, 8)
    for k in (1, 2, 4):
        expected = np.asarray(keras.ops.in_top_k(targets, predictions, k))
        np.testing.assert_array_equal(ops.in_top_k(targets, predictions, k), expected)
        got = run_traced(lambda t, p, k=k: ops.in_top_k(t, p, k), targets, predictions)
        np.testing.assert_array_equal(got, expected)


def test_an_index_without_a_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"index 7.* of sample 1 is not an integer in \[0, 7\)"):
        ops.take(TABLE, [0, 7], axis=0)
    trace = Trace()
    with trace:
        i = trace.input("i", (None, 2), "int32")
        rows = ops.take(Variable(TABLE), i, axis=0)
    with pytest.raises(
        ValueError, match=r"index 9 of sample 2 in batch 0 is not within what it selects from: expected .* \[0, 7\)"
    ):
        trace.program([i], [rows]).run([np.array([[0, 1], [2, 3], [4, 9]], np.float32)])


def test_what_would_cut_the_batch_is_refused() -> None:
    with Trace() as trace:
        x, i = trace.input("x", (None, 3)), trace.input("i", (None, 2))
        for wrong in (
            lambda: ops.sort(x, axis=0),
            lambda: ops.take(x, 0, axis=0),
            lambda: ops.take(x, i, axis=1),
            lambda: ops.quantile(x, 0.5),
        ):
            with pytest.raises(ValueError, match="batch"):
                wrong()


@pytest.mark.parametrize("width", [5, 40])
def test_training_an_embedding_gives_the_same_bits_at_every_number_of_threads(width: int) -> None:
    labels = RNG.integers(0, 30, size=(64, 6))
    results = []
    before = _core.num_threads()
    _core.allow_oversubscription(True)
    for threads in (1, 2, 3):
        _core.set_num_threads(threads)
        table = Variable(np.random.default_rng(1).normal(size=(30, width)))
        trace = Trace()
        with trace:
            i = trace.input("i", (None, 6), "int32")
            loss = ops.mean(ops.square(ops.sum(ops.take(table, i, axis=0), axis=1)))
            (gradient,) = trace.gradients(loss, [table])
            assert gradient is not None
            ops.sgd_update(table, gradient, 0.1)
        program = trace.program([i], [])
        assert program.run_batches([labels], 16, 0, 4) == 4
        results.append(table.numpy().tobytes())
    _core.allow_oversubscription(False)
    _core.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_any_of_nothing() -> None:
    for shape, axis in (((0, 4), 0), ((0, 4), None), ((3, 0), 1)):
        nothing = np.zeros(shape, np.float32)
        np.testing.assert_array_equal(ops.any(nothing, axis), nothing.any(axis))
        np.testing.assert_array_equal(ops.all(nothing, axis), nothing.all(axis))
    assert ops.any(np.zeros((0, 4))).dtype == bool


def test_nothing_to_count() -> None:
    nothing = np.zeros(0, np.int32)
    np.testing.assert_array_equal(ops.bincount(nothing), np.bincount(nothing))
    np.testing.assert_array_equal(ops.bincount(nothing, minlength=3), np.bincount(nothing, minlength=3))
    for gather in (ops.segment_sum, ops.segment_max, ops.segment_min, ops.segment_prod):
        result = gather(np.ones((3, 2), np.float32), np.array([-1, -1, -1]))
        assert (result.shape, result.dtype) == ((0, 2), np.float32)
