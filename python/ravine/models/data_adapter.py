"""What the user passes as data, as arrays to run over or as a stream of batches."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ravine.models.array_data import ArrayData
from ravine.models.arrays import is_array_like
from ravine.models.batch import Batch, Layout, make_batch
from ravine.models.counts import check_batch_size, check_count
from ravine.models.stream_data import StreamData, length
from ravine.utils.py_dataset import PyDataset


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
        steps = _limited(steps, length(x))
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
) -> tuple[Batch, Batch]:
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
    return batch.rows(slice(at)), batch.rows(slice(at, None))


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
