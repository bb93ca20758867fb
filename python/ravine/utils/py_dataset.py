"""PyDataset: batches made by Python code, by number."""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any


class PyDataset:
    """Base class of data sets whose batches are asked for by number, for `fit`, `evaluate` and `predict`.

    Subclasses implement ``__getitem__(index)``, which returns a whole batch `(x,)`, `(x, y)` or
    `(x, y, sample_weight)`, and ``__len__``, the number of batches; or the property `num_batches`, which may be None
    for no end (`fit` then needs `steps_per_epoch`). `fit` takes the batches in a new random order in every epoch unless
    `shuffle=False`.

    Args:
        workers: with more than one, so many threads make batches ahead. They help where ``__getitem__`` waits (for
            files) or lets go of the interpreter (NumPy, decoding of images).
        use_multiprocessing: warns; threads are used instead of processes.
        max_queue_size: the most batches that wait to be used.
    """

    _workers = 1
    _max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size
        if use_multiprocessing:
            warnings.warn(f"{type(self).__name__}: threads are used instead of processes.", stacklevel=2)

    @property
    def workers(self) -> int:
        return self._workers

    @property
    def use_multiprocessing(self) -> bool:
        return getattr(self, "_use_multiprocessing", False)

    @property
    def max_queue_size(self) -> int:
        return self._max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: implement __getitem__(index), which returns a batch.")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None when there is no end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__}: implement __len__(), the number of batches.")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return self.batches(itertools.count() if count is None else range(count))

    def on_epoch_begin(self) -> None:
        """Called before every epoch."""

    def on_epoch_end(self) -> None:
        """Called after every epoch; a place to reorder the samples."""

    def batches(self, order: Iterable[int]) -> Iterator[Any]:
        """The batches of these numbers, in this order; made ahead by threads when there are several `workers`."""
        if self._workers <= 1:
            for index in order:
                yield self[index]
            return
        from concurrent.futures import ThreadPoolExecutor  # takes a while to import

        numbers = iter(order)
        with ThreadPoolExecutor(self._workers) as pool:
            ahead = max(self._max_queue_size, self._workers)
            waiting = deque(pool.submit(self.__getitem__, index) for index in itertools.islice(numbers, ahead))
            try:
                while waiting:
                    batch = waiting.popleft().result()
                    waiting.extend(pool.submit(self.__getitem__, index) for index in itertools.islice(numbers, 1))
                    yield batch
            finally:
                for future in waiting:
                    future.cancel()


Sequence = PyDataset
