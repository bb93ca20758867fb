"""Taking apart and putting together what data sets yield."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ravine import _tree


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a batch is handed on as: ``x`` alone, ``(x, y)`` or ``(x, y, sample_weight)``. A list or tuple as lone `x`
    is put into a tuple, so that it is not taken for a pair."""
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """``(x, y, sample_weight)`` from what `pack_x_y_sample_weight` made, None for what is missing.

    Raises ValueError for a tuple of more than three.
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(f"Expected x, (x, y) or (x, y, sample_weight), received a tuple of {len(data)}.")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def split_dataset(
    dataset: Any,
    left_size: int | float | None = None,
    right_size: int | float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """The first and the last rows of an array, or of a list, tuple or dict of arrays of equal length.

    Args:
        left_size, right_size: numbers of rows, or shares from 0 to 1; one of them may be left out.
        shuffle: choose the rows at random, with `seed`.
        preferred_backend: accepted for Keras' sake.

    Raises:
        ValueError: no size, sizes that are more than there is, or arrays of unequal lengths.
    """
    arrays = [np.asarray(array) for array in _tree.leaves(dataset)]
    total = len(arrays[0])
    if any(len(array) != total for array in arrays):
        raise ValueError(f"split_dataset: arrays of unequal lengths: {', '.join(str(len(a)) for a in arrays)}.")
    left, right = (_rows(size, total, name) for size, name in ((left_size, "left_size"), (right_size, "right_size")))
    if left is None and right is None:
        raise ValueError("split_dataset: expected left_size or right_size.")
    left = total - (right or 0) if left is None else left
    right = total - left if right is None else right
    if left + right > total:
        raise ValueError(f"split_dataset: {left} + {right} rows are more than the {total} there are.")
    order = np.random.default_rng(seed).permutation(total) if shuffle else np.arange(total)
    first, last = order[:left], order[total - right :]
    return (
        _tree.mapped(lambda array: np.asarray(array)[first], dataset),
        _tree.mapped(lambda array: np.asarray(array)[last], dataset),
    )


def _rows(size: int | float | None, total: int, name: str) -> int | None:
    if size is None:
        return None
    rows = math.ceil(size * total) if isinstance(size, float) and 0 <= size <= 1 else size
    if isinstance(rows, bool) or not isinstance(rows, (int, np.integer)) or not 0 < rows <= total:
        raise ValueError(f"split_dataset: expected `{name}` to be 1 to {total} rows or a share, received {size!r}.")
    return int(rows)


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array of shape (sequences, maxlen, ...), filled up with `value`.

    Args:
        maxlen: by default the length of the longest.
        padding, truncating: ``"pre"`` or ``"post"``, where values are added and where they are cut off.

    Raises:
        ValueError: not sequences, or items of different shapes.
    """
    for name, place in (("padding", padding), ("truncating", truncating)):
        if place not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected `{name}` to be 'pre' or 'post', received {place!r}.")
    if not all(hasattr(sequence, "__len__") for sequence in sequences):
        raise ValueError("pad_sequences: expected a list of sequences.")
    rows = [np.asarray(sequence) for sequence in sequences]
    length = max((len(row) for row in rows), default=0) if maxlen is None else maxlen
    shapes = {row.shape[1:] for row in rows if len(row)} or {()}
    if len(shapes) > 1:
        raise ValueError(f"pad_sequences: expected items of one shape, received {sorted(shapes)}.")
    padded = np.full((len(rows), length, *shapes.pop()), value, dtype=dtype)
    for place, row in zip(padded, rows, strict=True):
        kept = row[max(len(row) - length, 0) :] if truncating == "pre" else row[:length]
        if len(kept):
            place[slice(len(kept)) if padding == "post" else slice(length - len(kept), None)] = kept
    return padded
