"""Fixtures that run a test on every instruction set and at several thread counts."""

import os
from collections.abc import Iterator

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest

from ravine import _core


@pytest.fixture(params=_core.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the instruction set in use; the test runs once for each that this CPU has."""
    before = _core.isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """The number of threads in use, also where that is more than the machine has."""
    before = _core.num_threads()
    _core.allow_oversubscription(True)
    _core.set_num_threads(request.param)
    yield request.param
    _core.allow_oversubscription(False)
    _core.set_num_threads(before)
