"""What the user passes as data, as arrays to run over or as a stream of batches."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ravine import _core
from ravine.models.arrays import as_array, is_array_like

DEFAULT_BATCH_SIZE = 32


class Batch(NamedTuple):
    """One batch, or all rows of a data set: inputs, targets or None, weights or None."""

    x: np.ndarray
    y: np.ndarray | None = None
    sample_weight: np.ndarray | None = None

    def arrays(self) -> list[np.ndarray]:
        return [array for array in self if array is not None]


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
        self.size = len(self.rows.x)
        self.batches = math.ceil(self.size / self.batch_size)
        self.steps: int = self.steps_per_epoch or self.batches
        self._position = 0
        self._order: np.ndarray | None = None

    def segments(self) -> Iterator[Segment]:
        remaining = self.steps
        if not self.steps_per_epoch:
            self._position = 0
        while remaining > 0:
            if self._position == 0 and self.shuffle and self.next_seed is not None:
                self._order = _core.shuffle(self.size, self.next_seed())
            end = min(self.batches, self._position + remaining)
            yield Segment(self._order, self._position, end)
            remaining -= end - self._position
            self._position = end % self.batches

    def first(self) -> Batch:
        return self.rows


class StreamData:
    """Batches that come from a generator, a data loader or a sequence of batches."""

    def __init__(self, source: Any, steps_per_epoch: int | None, class_weight: dict[int, float] | None = None) -> None:
        self._source = source
        self._steps_per_epoch = steps_per_epoch
        self._class_weight = class_weight
        self._iterator: Iterator[Any] | None = None
        self._peeked: Batch | None = None
        self._is_sequence = (
            hasattr(source, "__getitem__") and hasattr(source, "__len__") and not hasattr(source, "__iter__")
        )
        self.steps: int | None = steps_per_epoch or _length(source)
        self.used_up: str | None = None  # why the last epoch had no batch

    def first(self) -> Batch:
        """The first batch, to learn the shapes from; it is trained on too."""
        if self._peeked is None:
            self._peeked = self._next()
            if self._peeked is None:
                raise ValueError(f"The data is empty: {type(self._source).__name__} yielded no batch.")
        return self._peeked

    def epoch(self) -> Iterator[Batch]:
        """The batches of one epoch. May be fewer than `steps_per_epoch` when the source ends for good."""
        count = 0
        self.used_up = None
        while self._steps_per_epoch is None or count < self._steps_per_epoch:
            batch, self._peeked = self._peeked or self._next(), None
            if batch is None and self._steps_per_epoch is not None:
                batch = self._restart()
            if batch is None:
                break
            count += 1
            yield batch
        if count == 0:
            self.used_up = (
                f"The {type(self._source).__name__} is used up: it yields its batches only once. Pass an object that "
                "can be iterated over again, or a generator that does not end and the number of steps of an epoch."
            )
        if self._steps_per_epoch is None:
            self._iterator = None
            self.steps = count or self.steps
            if hasattr(self._source, "on_epoch_end"):
                self._source.on_epoch_end()
        elif 0 < count < self._steps_per_epoch:
            warnings.warn(
                f"The data ran out after {count} of {self._steps_per_epoch} steps; the epoch ends here. "
                "Let the generator yield at least steps_per_epoch * epochs batches.",
                stacklevel=3,
            )

    def _restart(self) -> Batch | None:
        """The first batch of another pass, where the source allows one."""
        if isinstance(self._source, Iterator):
            return None
        self._iterator = None
        return self._next()

    def _next(self) -> Batch | None:
        if self._iterator is None:
            self._iterator = _iterate(self._source, self._is_sequence)
        item = next(self._iterator, None)
        return None if item is None else self._as_batch(item)

    def _as_batch(self, item: Any) -> Batch:
        # Data loaders yield lists where generators yield tuples.
        is_pair = (
            isinstance(item, (tuple, list)) and len(item) in (1, 2, 3) and all(is_array_like(part) for part in item)
        )
        if isinstance(item, list) and is_pair and all(np.isscalar(part) for part in item):
            is_pair = False
        if isinstance(item, tuple) and not is_pair:
            raise ValueError(
                "Each batch must be x, (x, y) or (x, y, sample_weight), received a tuple of "
                f"{', '.join(type(part).__name__ for part in item)}."
            )
        x, y, sample_weight = (*item, None, None)[:3] if is_pair else (item, None, None)
        return make_batch(x, y, sample_weight, self._class_weight)


def make_batch(x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict | None = None) -> Batch:
    """Arrays of equal length from what the user passed.

    Raises:
        ValueError: empty, of unequal lengths, or both `class_weight` and `sample_weight`.
    """
    x_array = as_array(unwrap_single(x), "x")
    y_array = None if y is None else as_array(unwrap_single(y), "y")
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError("Pass class_weight or sample_weight, not both.")
        if y_array is None:
            raise ValueError("class_weight needs targets: pass y.")
        sample_weight = class_weight_to_sample_weights(y_array, class_weight)
    weights = None if sample_weight is None else _weights(sample_weight)
    if len(x_array) == 0:
        raise ValueError(f"The data is empty: x has shape {x_array.shape}.")
    named = {"y": y_array, "sample_weight": weights}
    for name, array in named.items():
        if array is not None and len(array) != len(x_array):
            raise ValueError(
                f"Data cardinality: x has {len(x_array)} samples but {name} has {len(array)}; "
                f"expected the same number (shapes {x_array.shape} and {array.shape})."
            )
    return Batch(x_array, y_array, weights)


def unwrap_single(value: Any) -> Any:
    """`[x]` and `{"name": x}` with one array are that array, as for models with one input in Keras."""
    if isinstance(value, dict):
        if len(value) != 1:
            raise ValueError(
                f"Expected one array, received a dict of {len(value)}: {', '.join(map(str, value))}. "
                "Models with several inputs or outputs are not supported."
            )
        return next(iter(value.values()))
    if isinstance(value, (list, tuple)) and len(value) == 1 and getattr(value[0], "ndim", 0) >= 2:
        return value[0]
    return value


def _weights(sample_weight: Any) -> np.ndarray:
    array = as_array(unwrap_single(sample_weight), "sample_weight")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


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
) -> ArrayData | StreamData:
    """The adapter that fits what was passed as `x`."""
    if x is None:
        raise ValueError("No data: x is None.")
    steps = None if steps is None else check_count(steps, "steps")
    size = check_batch_size(batch_size)
    if is_stream(x):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(f"{name} must not be given when x is a {type(x).__name__}: its batches hold them.")
        if batch_size is not None:
            warnings.warn(f"batch_size is ignored: {type(x).__name__} makes the batches itself.", stacklevel=4)
        return StreamData(x, steps, class_weight)
    rows = make_batch(x, y, sample_weight, class_weight)
    return ArrayData(rows, size, bool(shuffle), steps, next_seed)


def is_stream(x: Any) -> bool:
    if is_array_like(x) or isinstance(x, (dict, str, bytes)):
        return False
    return isinstance(x, Iterable) or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def split_validation(
    x: Any, y: Any, sample_weight: Any, fraction: float
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
    batch = make_batch(x, y, sample_weight)
    size = len(batch.x)
    at = math.floor(size * (1.0 - fraction))
    if at == 0 or at == size:
        raise ValueError(
            f"validation_split={fraction} of {size} samples leaves {at} for training and {size - at} for validation; "
            "expected at least one for each."
        )
    x, y, sample_weight = batch
    train = (x[:at], None if y is None else y[:at], None if sample_weight is None else sample_weight[:at])
    valid = (x[at:], None if y is None else y[at:], None if sample_weight is None else sample_weight[at:])
    return train, valid


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
    try:
        return len(source)
    except (TypeError, NotImplementedError):
        return None


def _iterate(source: Any, is_sequence: bool) -> Iterator[Any]:
    if is_sequence:
        return (source[index] for index in range(len(source)))
    return iter(source)
