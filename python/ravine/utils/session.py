"""Process-wide state: seeds and automatic names."""

from __future__ import annotations


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and ravine, so that a run can be repeated bit by bit.

    Args:
        seed: a non-negative integer.
    """
    from ravine import random

    random.set_random_seed(seed)


def clear_session(free_memory: bool = True) -> None:
    """Start the automatic names (`dense`, `dense_1`, ...) again. Models that exist stay usable."""
    from ravine import _names

    _names.clear_session()
    if free_memory:
        import gc

        gc.collect()
