"""What the user passes as data, as arrays to run over or as a stream of batches."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ravine import _core, _tree
from ravine.models.arrays import as_array, is_array_like
from ravine.models.ports import Ports
from ravine.utils.py_dataset import PyDataset

DEFAULT_BATCH_SIZE = 32


class Batch(NamedTuple):
    """One batch, or all rows of a data set: inputs, targets or None, weights or None.

    Each is an array, or for models with several inputs or outputs a list, tuple or dict of arrays.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(_tree.leaves(self.x)[0])

    def arrays(self) -> list[np.ndarray]:
        """All arrays, in order."""
        return [array for part in self for array in _tree.leaves(part) if array is not None]


class Layout(NamedTuple):
    """What a model takes and gives, so that arrays can be put in their places."""

    x: Ports = Ports(None, "x")
    y: Ports = Ports(None, "y")


class Place(NamedTuple):
    """Where a data set stands: what it takes to go on from there with the same batches.

    Attributes:
        done: the number of batches of this epoch that have passed.
        position: the next batch in the order of the rows.
        seed: of that order; None for the order of the rows as they are stored.
    """

    done: int = 0
    position: int = 0
    seed: int | None = None


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
        return self._rows(slice(self.batch_size))

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
            return self._rows(rows), rows

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

    def _rows(self, which: Any) -> Batch:
        return Batch(*_tree.mapped(lambda a: None if a is None else a[which], tuple(self.rows)))


class StreamData:
    """Batches that come from a generator, a data loader or a sequence of batches."""

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
        self.steps: int | None = steps_per_epoch or _length(source)
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


def make_batch(
    x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict | None = None, layout: Layout | None = None
) -> Batch:
    """Arrays of equal length from what the user passed, in the order of the model's inputs and outputs.

    Raises:
        ValueError: empty, of unequal lengths, not what `layout` says, or both `class_weight` and `sample_weight`.
    """
    layout = layout or Layout()
    inputs = layout.x.arrange(x)
    targets = None if y is None else layout.y.arrange(y)
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("Pass class_weight or sample_weight, not both.")
        if targets is None:
            raise ValueError("class_weight needs targets: pass y.")
        if not isinstance(targets, np.ndarray):
            raise ValueError("class_weight is for models with one output; pass sample_weight for each output instead.")
        sample_weight = class_weight_to_sample_weights(targets, class_weight)
    weights = None if sample_weight is None else _weights(sample_weight, targets, layout)
    batch = Batch(inputs, targets, weights)
    _check_lengths(batch)
    return batch


def _check_lengths(batch: Batch) -> None:
    first = _tree.leaves(batch.x)[0]
    if len(first) == 0:
        raise ValueError(f"The data is empty: x has shape {first.shape}.")
    for name, part in zip(batch._fields, batch, strict=True):
        for array in _tree.leaves(part):
            if array is not None and len(array) != len(first):
                raise ValueError(
                    f"Data cardinality: x has {len(first)} samples but {name} has {len(array)}; "
                    f"expected the same number (shapes {first.shape} and {array.shape})."
                )


def _weights(sample_weight: Any, targets: Any, layout: Layout) -> Any:
    """One array, or with several outputs one for each of them."""
    several = targets is not None and not isinstance(targets, np.ndarray)
    structured = isinstance(sample_weight, dict) or (
        isinstance(sample_weight, (list, tuple)) and all(hasattr(part, "__array__") for part in sample_weight)
    )
    if several and structured:
        return _tree.mapped(_one_weight, layout.y.arrange(sample_weight))
    if isinstance(sample_weight, (list, tuple)) and structured and len(sample_weight) == 1:
        sample_weight = sample_weight[0]
    return _one_weight(as_array(sample_weight, "sample_weight"))


def _one_weight(array: Any) -> Any:
    return array[:, 0] if array is not None and array.ndim == 2 and array.shape[1] == 1 else array


def class_weight_to_sample_weights(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each row's class, float32 of shape (n,); 1 for classes that `class_weight` leaves out.

    `y` holds class indices, shape (n,) or (n, 1), or one-hot rows.
    """
    if not isinstance(class_weight, dict):
        raise TypeError(
            f"class_weight: expected a dict of class index to weight, received {type(class_weight).__name__}."
        )
    if y.ndim > 2:
        raise ValueError(f"class_weight: expected y of shape (n,), (n, 1) or (n, classes), received {y.shape}.")
    labels = y if y.ndim == 1 else y[:, 0] if y.shape[1] == 1 else np.argmax(y, axis=1)
    labels = np.rint(labels).astype(np.int64)
    weights = np.ones(len(labels), np.float32)
    for label, weight in class_weight.items():
        if not isinstance(label, (int, float, np.number)) or not isinstance(weight, (int, float, np.number)):
            raise TypeError(
                f"class_weight: expected a dict of class index to weight, both numbers, received {label!r}: {weight!r}."
            )
        weights[labels == int(label)] = weight
    return weights


def check_batch_size(batch_size: Any, name: str = "batch_size") -> int:
    if batch_size is None:
        return DEFAULT_BATCH_SIZE
    return check_count(batch_size, name)


def check_count(value: Any, name: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected an integer, received {value!r} of type {type(value).__name__}.")
    if value < least:
        raise ValueError(f"{name}: expected an integer of at least {least}, received {value}.")
    return int(value)


def make_data(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = False,
    class_weight: dict | None = None,
    next_seed: Callable[[], int] | None = None,
    layout: Layout | None = None,
) -> ArrayData | StreamData:
    """The adapter that fits what was passed as `x`."""
    if x is None:
        raise ValueError("No data: x is None.")
    steps = None if steps is None else check_count(steps, "steps")
    check_batch_size(batch_size)
    if is_stream(x):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(f"{name} must not be given when x is a {type(x).__name__}: its batches hold them.")
        if batch_size is not None:
            warnings.warn(f"batch_size is ignored: {type(x).__name__} makes the batches itself.", stacklevel=4)
        steps = _limited(steps, _length(x))
        return StreamData(x, steps, class_weight, layout, next_seed if shuffle and isinstance(x, PyDataset) else None)
    rows = make_batch(x, y, sample_weight, class_weight, layout)
    size = math.ceil(rows.size / steps) if batch_size is None and steps else check_batch_size(batch_size)
    steps = _limited(steps, math.ceil(rows.size / size))
    return ArrayData(rows, size, bool(shuffle), steps, next_seed)


def _limited(steps: int | None, there_are: int | None) -> int | None:
    """`steps`, but not more than `ravine.config` allows; `there_are` so many batches, None: unknown."""
    from ravine import config

    limit = config.max_steps_per_epoch()
    wanted = steps or there_are
    return steps if limit is None or (wanted is not None and wanted <= limit) else limit


def is_stream(x: Any) -> bool:
    if is_array_like(x) or isinstance(x, (dict, str, bytes)):
        return False
    return isinstance(x, Iterable) or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def split_validation(
    x: Any, y: Any, sample_weight: Any, fraction: float, layout: Layout | None = None
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """The training rows and the validation rows: the last `fraction` of them, taken before any shuffling.

    Raises:
        ValueError: `fraction` is not in (0, 1), a part would be empty, or the data is a stream of batches.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float, np.floating)) or not 0 < fraction < 1:
        raise ValueError(f"validation_split: expected a number between 0 and 1, received {fraction!r}.")
    if is_stream(x):
        raise ValueError(
            f"validation_split needs arrays, received a {type(x).__name__}. Pass validation_data=... instead."
        )
    batch = make_batch(x, y, sample_weight, layout=layout)
    size = batch.size
    at = math.floor(size * (1.0 - fraction))
    if at == 0 or at == size:
        raise ValueError(
            f"validation_split={fraction} of {size} samples leaves {at} for training and {size - at} for validation; "
            "expected at least one for each."
        )
    return _rows(batch, slice(at)), _rows(batch, slice(at, None))


def _rows(batch: Batch, rows: slice) -> tuple[Any, Any, Any]:
    x, y, sample_weight = _tree.mapped(lambda array: None if array is None else array[rows], batch)
    return x, y, sample_weight


def unpack(data: Any, what: str) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) from a tuple of one to three, or from a stream of batches."""
    if is_stream(data):
        return data, None, None
    if isinstance(data, (tuple, list)) and 1 <= len(data) <= 3:
        return (*data, None, None)[:3]
    raise ValueError(
        f"{what}: expected (x, y), (x, y, sample_weight) or an iterable of batches, received {type(data).__name__}"
        + (f" of length {len(data)}." if hasattr(data, "__len__") else ".")
    )


def _length(source: Any) -> int | None:
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
