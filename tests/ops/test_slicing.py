"""Indexing, slices, joins, padding and repetition against NumPy, at once and traced."""

from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import Variable, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3, 5)).astype(np.float32)
Y = RNG.normal(size=(4, 2, 5)).astype(np.float32)
Z = RNG.normal(size=(4, 6)).astype(np.float32)

INDICES: list[Any] = [
    np.s_[:, 0],
    np.s_[:, -1],
    np.s_[..., 1:3],
    np.s_[:, None],
    np.s_[:, :, None],
    np.s_[:, 1, 2],
    np.s_[:, ::-1, ::2],
    np.s_[:, 2:0:-1],
    np.s_[:, 5:],
    np.s_[:, 1:-1, ..., None],
    np.s_[...],
    np.s_[:],
    np.s_[:, -2:, 4],
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing(index: Any) -> None:
    np.testing.assert_array_equal(run_traced(lambda x: x[index], X), X[index])


def test_indexing_without_a_batch() -> None:
    np.testing.assert_array_equal(run_traced(lambda x: x[1, :, ::-2], X, batched=False), X[1, :, ::-2])
    variable = Variable(X)
    np.testing.assert_array_equal(run_traced(lambda x: x * variable[2], X), X * X[2])


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (np.s_[0], TypeError, r"batch of a tensor of shape \(None, 3, 5\) must stay whole"),
        (np.s_[1:], TypeError, r"must stay whole"),
        (np.s_[None], TypeError, r"must stay in front"),
        (np.s_[:, 3], IndexError, r"Index 3 is out of range for axis 1"),
        (np.s_[:, :, :, 0], IndexError, r"Too many indices"),
        (np.s_[:, [0, 1]], TypeError, r"ops.take"),
        (np.s_[:, True], TypeError, r"ops.where"),
    ],
)
def test_what_cannot_be_indexed_says_so(index: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        run_traced(lambda x: x[index], X)


# name -> (operands, the op applied to them, the same in NumPy)
CASES: dict[str, tuple[list[Any], Any, Any]] = {
    "append": ([X, Y], lambda x, y: ops.append(x, y, axis=1), lambda x, y: np.append(x, y, axis=1)),
    "concatenate": ([X, Y], lambda x, y: ops.concatenate([x, y], axis=1), lambda x, y: np.concatenate([x, y], axis=1)),
    "concatenate many": (
        [Z],
        lambda x: ops.concatenate([x[:, i : i + 1] * i for i in range(6)] * 12, axis=-1),
        lambda x: np.concatenate([x[:, i : i + 1] * i for i in range(6)] * 12, axis=-1),
    ),
    "flip": ([X], lambda x: ops.flip(x, (1, -1)), lambda x: np.flip(x, (1, -1))),
    "hstack": ([X, Y], lambda x, y: ops.hstack([x, y]), lambda x, y: np.hstack([x, y])),
    "pad": ([X], lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 3))), lambda x: np.pad(x, ((0, 0), (1, 2), (0, 3)))),
    "pad with a value": (
        [X],
        lambda x: ops.pad(x, [(0, 0), (1, 0), (2, 1)], constant_values=-1.5),
        lambda x: np.pad(x, [(0, 0), (1, 0), (2, 1)], constant_values=-1.5),
    ),
    **{
        f"pad, {mode}": (
            [X],
            lambda x, m=mode: ops.pad(x, [(0, 0), (2, 1), (4, 3)], mode=m),
            lambda x, m=mode: np.pad(x, [(0, 0), (2, 1), (4, 3)], mode=m),
        )
        for mode in ("edge", "reflect", "symmetric")
    },
    "repeat": ([X], lambda x: ops.repeat(x, 3, axis=1), lambda x: np.repeat(x, 3, axis=1)),
    "roll": ([X], lambda x: ops.roll(x, (1, -7), axis=(1, 2)), lambda x: np.roll(x, (1, -7), axis=(1, 2))),
    "slice": ([X], lambda x: ops.slice(x, (0, 1, 2), (-1, 2, 3)), lambda x: x[:, 1:3, 2:5]),
    "split": ([Z], lambda x: ops.split(x, [1, 4], axis=1), lambda x: np.split(x, [1, 4], axis=1)),
    "split evenly": ([Z], lambda x: ops.split(x, 3, axis=-1), lambda x: np.split(x, 3, axis=-1)),
    "stack": ([X, X * 2], lambda x, y: ops.stack([x, y], axis=-1), lambda x, y: np.stack([x, y], axis=-1)),
    "tile": ([X], lambda x: ops.tile(x, (1, 2, 3)), lambda x: np.tile(x, (1, 2, 3))),
    "unstack": ([X], lambda x: ops.unstack(x, axis=1), lambda x: [x[:, i] for i in range(3)]),
    "vstack": ([X[0], Y[0]], lambda x, y: ops.vstack([x, y]), lambda x, y: np.vstack([x, y])),
}
WITHOUT_BATCH = {
    "all of roll": (lambda x: ops.roll(x, 4), lambda x: np.roll(x, 4)),
    "shifts in an array": (lambda x: ops.roll(x, np.array([1, 2]), (0, 1)), lambda x: np.roll(x, (1, 2), (0, 1))),
    "all of repeat": (lambda x: ops.repeat(x, 2), lambda x: np.repeat(x, 2)),
    "repeats in an array": (lambda x: ops.repeat(x, np.array(2), 1), lambda x: np.repeat(x, 2, 1)),
    "all of append": (lambda x: ops.append(x, x[0]), lambda x: np.append(x, x[0])),
    "all of flip": (ops.flip, np.flip),
    "tile in front": (lambda x: ops.tile(x, (2, 1, 1, 1)), lambda x: np.tile(x, (2, 1, 1, 1))),
    "pad everywhere": (lambda x: ops.pad(x, 2), lambda x: np.pad(x, 2)),
    "stack in front": (lambda x: ops.stack([x, x]), lambda x: np.stack([x, x])),
}
CASES.update({name: ([X], *functions) for name, functions in WITHOUT_BATCH.items()})


@pytest.mark.parametrize("name", CASES)
def test_at_once_and_traced(name: str) -> None:
    operands, op, reference = CASES[name]
    expected = reference(*operands)
    batched = name not in WITHOUT_BATCH and name != "vstack"
    several = isinstance(expected, list)
    for got in (op(*operands), run_traced(op, *operands, batched=batched)):
        pairs = zip(got, expected, strict=True) if several else [(got, expected)]
        for one, want in pairs:
            np.testing.assert_array_equal(one, want)


def test_labels_of_dtypes_are_kept() -> None:
    assert ops.concatenate([np.array([1, 2]), np.array([3])]).dtype == np.int32
    assert ops.flip(np.array([True, False])).dtype == bool
    assert ops.pad(np.array([1]), 1, constant_values=7).dtype == np.int32


def test_gradients() -> None:
    weights = RNG.normal(size=(4, 7, 5)).astype(np.float32)
    joined = gradient_of(lambda x: ops.concatenate([x, x[:, ::-1], x[:, :1]], axis=1) * weights, X)
    expected = weights[:, :3] + weights[:, 5:2:-1]
    expected[:, 0] += weights[:, 6]
    np.testing.assert_allclose(joined, expected, rtol=1e-6)
    padded = gradient_of(lambda x: ops.pad(x, [(0, 0), (2, 2), (0, 0)]) * weights, X)
    np.testing.assert_array_equal(padded, weights[:, 2:5])


def test_the_batch_stays_whole() -> None:
    with Trace() as trace:
        x = trace.input("x", (None, 3))
        for wrong in (
            lambda: ops.concatenate([x, x], axis=0),
            lambda: ops.flip(x),
            lambda: ops.repeat(x, 2, axis=0),
            lambda: ops.tile(x, (2, 1)),
            lambda: ops.roll(x, 1, axis=0),
            lambda: ops.unstack(x),
            lambda: ops.pad(x, 1),
        ):
            with pytest.raises(ValueError, match="batch"):
                wrong()
        with pytest.raises(ValueError, match=r"differ at axis 1 only, received \(None, 3\), \(None, 2, 1\)"):
            ops.concatenate([x, trace.input("y", (None, 2, 1))], axis=1)
