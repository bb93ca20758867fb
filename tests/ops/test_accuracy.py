"""Elementary functions against float64, in units in the last place, at floats of all sizes."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ravine import _core

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def floats_between(low: float, high: float, count: int = 1_000_000) -> Floats:
    """Evenly spaced in the order of floats, not in value; and what lies around multiples of a 32nd, where tables and
    polynomials meet."""
    ends = np.array([low, high], np.float32).view(np.int32)
    order = np.where(ends < 0, -(ends & 0x7FFFFFFF), ends)
    keys = np.linspace(*order, count).astype(np.int64)
    spread = np.where(keys < 0, (-keys) | 0x80000000, keys).astype(np.uint32).view(np.float32)
    borders = np.arange(math.ceil(max(low, -100) * 32), min(high, 100) * 32, dtype=np.float32) / 32
    around = [np.nextafter(borders, np.float32(side * np.inf), dtype=np.float32) for side in (-1, 1)]
    return np.clip(np.concatenate([spread, borders, *around]), low, high).astype(np.float32)


def units(got: Floats, want: Wide) -> Wide:
    """Of the last place that a float of the wanted size has."""
    exponent = np.frexp(np.abs(want))[1]
    return np.abs(got.astype(np.float64) - want) / np.ldexp(1.0, np.maximum(exponent - 24, -149))


@pytest.mark.parametrize(
    ("op", "function", "low", "high", "most"),
    [
        ("exp", np.exp, -104.0, 88.7, 2.0),
        ("expm1", np.expm1, -20.0, 88.7, 2.0),
        ("log", np.log, 1e-45, 3e38, 2.0),
        ("log1p", np.log1p, -0.99999, 3e38, 2.0),
        ("tanh", np.tanh, -12.0, 12.0, 2.0),
        ("erf", _erf, -5.0, 5.0, 2.0),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -85.0, 30.0, 2.5),
    ],
)
def test_units_in_the_last_place(
    op: str, function: Callable[[Wide], Wide], low: float, high: float, most: float, isa: str
) -> None:
    x = floats_between(low, high)
    (got,) = _core.eager(op, [x], {})
    error = units(got, function(x.astype(np.float64)))
    worst = int(np.argmax(error))
    assert error[worst] <= most, f"{op}({x[worst]!r}) is {got[worst]!r}: off by {error[worst]:.2f} units"


@pytest.mark.parametrize("rows", [2, 5, 32, 67, 1000])
@pytest.mark.parametrize("kind", ["far from zero", "first sample far off", "another sample far off", "constant"])
def test_statistics_of_a_batch(kind: str, rows: int, isa: str) -> None:
    """Among them variances that a difference of the sums of x and its square would lose."""
    random = np.random.default_rng(rows)
    x = random.normal(size=(rows, 37)).astype(np.float32)
    if kind == "far from zero":
        x += np.float32(3000)
    elif kind == "constant":
        x[:] = x[0] * 1e6
    else:
        x[0 if kind.startswith("first") else rows // 2] += np.float32(1e6)
    vector = np.ones(37, np.float32)
    _, mean, variance, _ = _core.eager("batch_norm", [x, vector, vector], {"epsilon": 0.0})
    wide = x.astype(np.float64)
    # The first sample is the origin. It lies at most sqrt(rows) standard deviations from the mean, and the mean of the
    # squares is at most so many variances.
    unit, deviations = 2.0**-23, rows if "first" in kind else 20
    np.testing.assert_array_less(
        np.abs(mean - wide.mean(axis=0)), unit * (deviations**0.5 * wide.std(axis=0) + np.abs(mean))
    )
    if kind == "constant":
        assert (variance == 0).all()
    else:
        np.testing.assert_allclose(variance, wide.var(axis=0), rtol=2 * deviations * unit)
