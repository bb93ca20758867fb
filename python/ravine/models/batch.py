"""One batch, or all rows of a data set: made of what the user passed, and checked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ravine import _tree
from ravine.models.arrays import as_array
from ravine.models.ports import Ports


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

    def rows(self, which: Any) -> Batch:
        """Some of the rows: a slice, or their numbers."""
        return Batch(*_tree.mapped(lambda array: None if array is None else array[which], tuple(self)))


class Layout(NamedTuple):
    """What a model takes and gives, so that arrays can be put in their places."""

    x: Ports = Ports(None, "x")
    y: Ports = Ports(None, "y")


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
