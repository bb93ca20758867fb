"""ravine.random: at once by NumPy, in traced functions by the engine, with new numbers in every step."""

import inspect
from typing import Any

import numpy as np
import pytest

from ravine import Variable, ops, random
from ravine.ops import Trace

# Keras' names, and whether they can be traced.
TRACED = {"uniform", "normal", "truncated_normal", "randint", "categorical", "dropout"}
AT_ONCE = {"shuffle", "binomial", "beta", "gamma"}


def draw(function: Any, rows: int = 20000, runs: int = 2) -> list[np.ndarray]:
    """What a traced function of a batch gives in successive runs."""
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 3))
        result = function(x)
    program = trace.program([x], [result])
    return [program.run([np.zeros((rows, 3), np.float32)])[0] for _ in range(runs)]


@pytest.mark.parametrize("name", sorted(TRACED | AT_ONCE))
def test_signatures(name: str) -> None:
    keras = pytest.importorskip("keras")
    ours = inspect.signature(getattr(random, name)).parameters
    theirs = inspect.signature(getattr(keras.random, name)).parameters
    assert {k: p.default for k, p in ours.items()} == {k: p.default for k, p in theirs.items()}


MOMENTS = {
    "uniform": (lambda x: random.uniform(ops.shape(x), -1, 3), 1.0, 4 / 12**0.5, -1, 3),
    "normal": (lambda x: random.normal((None, 3), 1, 2), 1.0, 2.0, -11, 13),
    # The spread that is left between two standard deviations is 0.8796.
    "truncated_normal": (lambda x: random.truncated_normal((-1, 3), 1, 2), 1.0, 2 * 0.87963, -3, 5),
    "randint": (lambda x: random.randint((None, 3), 2, 7), 4.0, 2**0.5, 2, 6),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_of_traced_numbers(name: str) -> None:
    random_function, mean, deviation, low, high = MOMENTS[name]
    first, second = draw(random_function)
    for values in (first, second):
        assert values.shape == (20000, 3)
        assert abs(values.mean() - mean) < 5 * deviation / 60000**0.5
        assert abs(values.std() - deviation) < 0.02 * deviation
        assert values.min() >= low and values.max() <= high
        assert abs(np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]) < 0.05
    assert (first != second).mean() > 0.7
    assert len(np.unique(first)) == (5 if name == "randint" else len(np.unique(first)))


def test_normal_numbers_are_distributed_so() -> None:
    (values,) = draw(lambda x: random.normal(ops.shape(x), seed=random.SeedGenerator(1)), runs=1)
    for bound, below in ((-2.0, 0.02275), (-1.0, 0.15866), (0.0, 0.5), (1.0, 0.84134), (2.0, 0.97725)):
        assert abs((values < bound).mean() - below) < 0.01


def test_the_seed_decides() -> None:
    def of(seed: Any) -> list[np.ndarray]:
        return draw(lambda x: random.normal(ops.shape(x), seed=seed), rows=5)

    for again in (of(random.SeedGenerator(3)), of(random.SeedGenerator(3))):
        np.testing.assert_array_equal(again, of(random.SeedGenerator(3)))
    assert (of(random.SeedGenerator(3))[0] != of(random.SeedGenerator(4))[0]).all()
    # An integer gives the same numbers in every step, as in Keras.
    first, second = of(3)
    np.testing.assert_array_equal(first, second)


def test_two_draws_in_one_step_differ() -> None:
    source = random.SeedGenerator(0)
    values = draw(lambda x: ops.stack([random.uniform((None, 3), seed=source) for _ in range(2)], -1), runs=1)[0]
    assert (values[..., 0] != values[..., 1]).all()


def test_traced_numbers_do_not_depend_on_threads(isa: str, threads: int) -> None:
    values = draw(lambda x: random.uniform(ops.shape(x), seed=random.SeedGenerator(9)), rows=101, runs=1)[0]
    np.testing.assert_array_equal(values[:2], UNIFORM)


UNIFORM = draw(lambda x: random.uniform(ops.shape(x), seed=random.SeedGenerator(9)), rows=101, runs=1)[0][:2]


def test_categorical_follows_the_logits() -> None:
    p = np.array([0.1, 0.6, 0.3])
    logits = np.log(np.tile(p, (2000, 1))).astype(np.float32)
    (traced,) = draw(lambda x: random.categorical(ops.add(x, logits[0]), 5), rows=2000, runs=1)
    for samples in (traced, random.categorical(logits, 5, seed=2)):
        assert samples.shape == (2000, 5)
        frequencies = np.bincount(np.asarray(samples).astype(int).ravel(), minlength=3) / 10000
        np.testing.assert_allclose(frequencies, p, atol=0.02)
    with pytest.raises(ValueError, match=r"shape \(batch, classes\), received \(3,\)"):
        random.categorical(logits[0, :3], 2)


def test_numbers_drawn_at_once() -> None:
    assert random.randint((4, 5), 3, 5, seed=1).dtype == np.int32
    assert set(np.unique(random.randint((400,), 3, 5))) == {3, 4}
    shuffled = random.shuffle(np.arange(50), seed=0)
    assert sorted(shuffled) == list(range(50)) and (shuffled != np.arange(50)).any()
    rows = np.arange(12).reshape(3, 4)
    assert (random.shuffle(rows, axis=1, seed=1)[0] == random.shuffle(rows, axis=1, seed=1)[0]).all()
    assert abs(random.binomial((4000,), 10.0, 0.3, seed=1).mean() - 3) < 0.15
    assert abs(random.gamma((4000,), 2.0, seed=1).mean() - 2) < 0.15
    assert abs(random.beta((4000,), 2.0, 6.0, seed=1).mean() - 0.25) < 0.02
    source = random.SeedGenerator(1)
    assert (random.gamma((3,), 2.0, seed=source) != random.gamma((3,), 2.0, seed=source)).all()
    assert (random.gamma((3,), 2.0, seed=1) == random.gamma((3,), 2.0, seed=1)).all()


@pytest.mark.parametrize("name", sorted(AT_ONCE))
def test_what_cannot_be_traced_says_so(name: str) -> None:
    arguments = {"shuffle": ([1, 2],), "binomial": ((2,), 3, 0.5), "beta": ((2,), 1.0, 1.0), "gamma": ((2,), 1.0)}
    with Trace(), pytest.raises(NotImplementedError, match=f"random.{name} cannot draw new numbers in every step"):
        getattr(random, name)(*arguments[name])


def test_counters_and_totals_are_numbers_in_traced_functions() -> None:
    steps, total = Variable(np.int64(5), dtype="int64"), Variable(np.float64(0.25), dtype="float64")
    trace = Trace()
    with trace:
        x = trace.input("x", (None,))
        rate = 0.5 ** (ops.cast(steps, "float32") / 2) + total
        assert ops.floor_divide(steps, 2).dtype == "int32"
        steps.assign_add(1)
        after = steps * 1
        steps.assign(ops.minimum(steps, 7))
        total.assign_add(1)
    program = trace.program([x], [rate, after])
    for step, after in ((5, 6), (6, 7), (7, 8), (7, 8)):
        before = float(total)
        got = program.run([np.zeros(2, np.float32)])
        np.testing.assert_allclose(got, [0.5 ** (step / 2) + before, after], rtol=1e-6)
        assert int(steps) == min(after, 7)
    with Trace(), pytest.raises(TypeError, match="only scalars"):
        ops.add(Variable(np.arange(3)), 1)
