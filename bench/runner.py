"""The loops that are timed, shared by all contestants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import cycle, islice
from statistics import fmean
from typing import Any

import numpy as np


def split(array: np.ndarray, size: int) -> list[np.ndarray]:
    return [array[first : first + size] for first in range(0, len(array), size)]


class Steps:
    """Calls `call(*batch)` for one batch after the other; every call does `granule` steps.

    `value` makes the loss of what a call returns; None where nothing is trained. `context` surrounds the calls, `warm`
    comes once after the first of them, and `finish` waits for their end.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        batches: Sequence[tuple[Any, ...]],
        *,
        granule: int = 1,
        value: Callable[[Any], float] | None = None,
        context: Callable[[], AbstractContextManager[Any]] = nullcontext,
        warm: Callable[[], None] = lambda: None,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        self.granule = granule
        self._call, self._batches = call, batches
        self._value, self._context, self._warm, self._finish = value, context, warm, finish

    def loss(self, steps: int) -> float:
        value = self._value
        if value is None:
            self.run(steps)
            mean = float("nan")
        else:
            with self._context():
                turns = islice(cycle(self._batches), steps // self.granule)
                mean = fmean(value(self._call(*batch)) for batch in turns)
        self._warm()
        return mean

    def run(self, steps: int) -> None:
        call = self._call
        with self._context():
            for batch in islice(cycle(self._batches), steps // self.granule):
                call(*batch)
        self._finish()


class Epochs:
    """`fit(epochs)` trains that many whole epochs and returns the loss of each."""

    def __init__(self, fit: Callable[[int], Sequence[float]], granule: int) -> None:
        self.granule = granule
        self._fit = fit

    def loss(self, steps: int) -> float:
        return fmean(self._fit(steps // self.granule))

    def run(self, steps: int) -> None:
        self._fit(steps // self.granule)
