"""Fixtures of the engine's tests. The references of the ops serve here too."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ravine import _core

sys.path.insert(0, str(Path(__file__).parents[1] / "ops"))


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads; more than the machine has are then used however small the work."""
    before = _core.num_threads()
    _core.allow_oversubscription(True)
    yield _core.set_num_threads
    _core.allow_oversubscription(False)
    _core.set_num_threads(before)


@pytest.fixture
def many() -> int:
    """Threads that every plan uses."""
    return max(3, _core.available_threads() + 1)
