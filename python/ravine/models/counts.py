"""Batch sizes, epochs, steps: numbers that must be integers of some size."""

from __future__ import annotations

from typing import Any

import numpy as np

DEFAULT_BATCH_SIZE = 32
MOST = 2**63 - 1  # that the engine can count


def check_batch_size(batch_size: Any, name: str = "batch_size") -> int:
    if batch_size is None:
        return DEFAULT_BATCH_SIZE
    return check_count(batch_size, name)


def check_count(value: Any, name: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected an integer, received {value!r} of type {type(value).__name__}.")
    if value < least:
        raise ValueError(f"{name}: expected an integer of at least {least}, received {value}.")
    if value > MOST:
        raise ValueError(f"{name}: expected an integer of at most 2**63 - 1, received {value}.")
    return int(value)
