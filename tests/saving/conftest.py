"""Keras, where it is installed."""

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    return pytest.importorskip("keras")
