"""Keras, where it is installed, and the table of all layers that the parity tests keep."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

sys.path.append(str(Path(__file__).parents[1] / "parity"))


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    return pytest.importorskip("keras")
