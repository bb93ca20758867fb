"""Data in memory, in batches of rows that the engine gathers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ravine import _core
from ravine.models.batch import Batch
from ravine.models.place import Place


class Segment(NamedTuple):
    """Batches begin..end-1 in a row order (None: as stored)."""

    order: np.ndarray | None
    begin: int
    end: int


@dataclass
class ArrayData:
    """Rows in memory (or memory-mapped). An epoch is a list of segments to run inside the engine.

    With `steps_per_epoch` an epoch continues where the last one ended and starts again, shuffled anew, when the rows
    are used up.
    """

    rows: Batch
    batch_size: int
    used_up = None
    shuffle: bool = False
    steps_per_epoch: int | None = None
    next_seed: Callable[[], int] | None = None

    def __post_init__(self) -> None:
        self.size = self.rows.size
        self.batches = math.ceil(self.size / self.batch_size)
        self.steps: int = self.steps_per_epoch or self.batches
        self.done = 0
        self._position = 0
        self._seed: int | None = None
        self._order: np.ndarray | None = None
        self._now = Segment(None, 0, 1)

    def segments(self) -> Iterator[Segment]:
        remaining = self.steps - self.done
        if not self.steps_per_epoch and not self.done:
            self._position = 0
        while remaining > 0:
            if self._position == 0 and self.shuffle and self.next_seed is not None:
                self._set_order(self.next_seed())
            begin, end = self._position, min(self.batches, self._position + remaining)
            yield Segment(self._order, begin, end)
            remaining -= end - begin
            self._position = end % self.batches
        self.done = 0

    def begin_again(self) -> None:
        """Let the next epoch begin with the first batch."""
        self._position = 0

    def first(self) -> Batch:
        return self.rows

    def sample(self) -> Batch:
        """The first batch in the order in which the rows are stored."""
        return self.rows.rows(slice(self.batch_size))

    # Single batches, and going on from one of them.

    def at(self, batch: int) -> None:
        """Batch number `batch` of the order comes now."""
        self._now = Segment(self._order, batch, batch + 1)

    def passed(self, batch: int) -> None:
        self.done += 1
        self._position = (batch + 1) % self.batches

    def mark(self) -> Callable[[], tuple[Batch, np.ndarray]]:
        """How to find, later, the batch that comes now and the numbers of its rows."""
        order, batch, _ = self._now

        def look() -> tuple[Batch, np.ndarray]:
            rows = np.arange(self.size) if order is None else np.asarray(order)
            rows = rows[batch * self.batch_size : (batch + 1) * self.batch_size]
            return self.rows.rows(rows), rows

        return look

    def place(self) -> Place:
        return Place(self.done, self._position, self._seed)

    def go_to(self, place: Place) -> None:
        """Go on from where `place` was called."""
        self.done, self._position = place.done, place.position
        if place.seed is not None:
            self._set_order(place.seed)

    def _set_order(self, seed: int) -> None:
        self._seed = int(seed)
        self._order = _core.shuffle(self.size, self._seed)
