"""Data that comes batch by batch, from a generator, a data loader or a sequence of batches."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ravine import _core
from ravine.models.arrays import is_array_like
from ravine.models.batch import Batch, Layout, make_batch
from ravine.models.place import Place
from ravine.utils.py_dataset import PyDataset


class StreamData:
    """The batches of a source, in passes and epochs."""

    def __init__(
        self,
        source: Any,
        steps_per_epoch: int | None,
        class_weight: dict[int, float] | None = None,
        layout: Layout | None = None,
        next_seed: Callable[[], int] | None = None,
    ) -> None:
        self._source = source
        self._next_seed = next_seed
        self._seed: int | None = None  # of the order of a PyDataset's batches
        self._layout = layout or Layout()
        self._steps_per_epoch = steps_per_epoch
        self._class_weight = class_weight
        self._iterator: Iterator[Any] | None = None
        self._peeked: Batch | None = None
        self._is_sequence = (
            hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "__iter__")
        )
        self.steps: int | None = steps_per_epoch or length(source)
        if isinstance(source, PyDataset) and self.steps is None:
            raise ValueError(f"{type(source).__name__} has no end: pass the number of steps.")
        self.used_up: str | None = None  # why the last epoch had no batch
        self.done = 0
        self._position = 0  # in the present pass over the source
        self._sample: Batch | None = None
        self._now = Batch(None)

    def first(self) -> Batch:
        """The first batch, to learn the shapes from; it is trained on too."""
        if isinstance(self._source, PyDataset):
            self._sample = self._sample or self._as_batch(self._source[0])
            return self._sample
        if self._peeked is None:
            self._peeked = self._next()
            if self._peeked is None:
                raise ValueError(f"The data is empty: {type(self._source).__name__} yielded no batch.")
            self._sample = self._sample or self._peeked
        return self._peeked

    def begin_again(self) -> None:
        """Let the next epoch begin with the first batch, where the source allows another pass."""
        if self._peeked is None and not isinstance(self._source, Iterator):
            self._end_pass()

    def sample(self) -> Batch:
        """The batch that `first` found."""
        return self._sample or self.first()

    def mark(self) -> Callable[[], tuple[Batch, None]]:
        """How to find, later, the batch that comes now; its rows have no numbers."""
        batch = self._now
        return lambda: (batch, None)

    def place(self) -> Place:
        return Place(self.done, self._position, self._seed)

    def go_to(self, place: Place) -> None:
        """Go on from where `place` was called: the batches that had passed are skipped. An iterator cannot begin
        again; it goes on with what it yields next."""
        self.done, self._position, self._seed = place
        if not isinstance(self._source, Iterator):
            self._iterator = self._peeked = None

    def epoch(self) -> Iterator[Batch]:
        """The batches of one epoch. May be fewer than `steps_per_epoch` when the source ends for good."""
        count = self.done
        self.used_up = None
        if hasattr(self._source, "on_epoch_begin"):
            self._source.on_epoch_begin()
        while self._steps_per_epoch is None or count < self._steps_per_epoch:
            batch, self._peeked = self._peeked or self._next(), None
            if batch is None and self._steps_per_epoch is not None:
                batch = self._restart()
            if batch is None:
                break
            count += 1
            self._now = batch
            self.done = count
            yield batch
        if count == 0:
            self.used_up = (
                f"The {type(self._source).__name__} is used up: it yields its batches only once. Pass an object that "
                "can be iterated over again, or a generator that does not end and the number of steps of an epoch."
            )
        self.done = 0
        if self._steps_per_epoch is None:
            self._end_pass()
            self.steps = count or self.steps
        if hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()
        if self._steps_per_epoch is not None and 0 < count < self._steps_per_epoch:
            warnings.warn(
                f"The data ran out after {count} of {self._steps_per_epoch} steps; the epoch ends here. "
                "Let the generator yield at least steps_per_epoch * epochs batches.",
                stacklevel=3,
            )

    def _restart(self) -> Batch | None:
        """The first batch of another pass, where the source allows one."""
        if isinstance(self._source, Iterator):
            return None
        self._end_pass()
        return self._next()

    def _end_pass(self) -> None:
        self._iterator, self._position = None, 0

    def _next(self) -> Batch | None:
        if self._iterator is None:
            self._iterator = self._pass()
        item = next(self._iterator, None)
        self._position += item is not None
        return None if item is None else self._as_batch(item)

    def _pass(self) -> Iterator[Any]:
        """All batches once, or what is left of them where a backup goes on."""
        begin, self._position = self._position, 0
        if isinstance(self._source, PyDataset):
            if self._next_seed is not None and not begin:
                self._seed = self._next_seed()
            self._position = begin
            return self._source.batches(_numbers(self._source, self._seed, begin))
        iterator = (
            (self._source[index] for index in range(len(self._source))) if self._is_sequence else iter(self._source)
        )
        if not isinstance(self._source, Iterator):  # which could not be begun again
            self._position = sum(1 for _ in itertools.islice(iterator, begin))
        return iterator

    def _as_batch(self, item: Any) -> Batch:
        # Data loaders yield lists where generators yield tuples.
        parts = isinstance(item, (tuple, list)) and len(item) in (1, 2, 3) and all(map(_is_part, item))
        if isinstance(item, list) and parts and all(np.isscalar(part) for part in item):
            parts = False
        if isinstance(item, tuple) and not parts:
            raise ValueError(
                "Each batch must be x, (x, y) or (x, y, sample_weight), received a tuple of "
                f"{', '.join(type(part).__name__ for part in item)}."
            )
        x, y, sample_weight = (*item, None, None)[:3] if parts else (item, None, None)
        return make_batch(x, y, sample_weight, self._class_weight, self._layout)


def _is_part(value: Any) -> bool:
    return value is None or is_array_like(value) or isinstance(value, dict)


def length(source: Any) -> int | None:
    """The number of batches; None when it is not known."""
    if isinstance(source, PyDataset):
        return source.num_batches
    try:
        return len(source)
    except (TypeError, NotImplementedError):
        return None


def _numbers(source: PyDataset, seed: int | None, begin: int) -> Iterable[int]:
    """The numbers of the batches from `begin` on, in the order that `seed` gives."""
    count = source.num_batches
    if count is None:
        return itertools.count(begin)
    return range(begin, count) if seed is None else map(int, _core.shuffle(count, seed)[begin:])
