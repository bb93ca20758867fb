"""Normalization: standardizing features with statistics that are known or measured beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from ravine import ops
from ravine.layers.elementwise import Elementwise

_LEAST_STDDEV = 1e-7


class Normalization(Elementwise):
    """(x - mean) / max(sqrt(variance), 1e-7), or the inverse of it: mean + x * max(sqrt(variance), 1e-7)

    Args:
        axis: the axes that have a mean and a variance per index; None for a single one of all values.
        mean, variance: the statistics, both or neither: numbers or arrays that broadcast with the sizes of `axis` from
            the right. Without them, `adapt` measures them, and they are the weights mean, variance and count (which
            stays 0, for the sake of Keras' files).
        invert: whether to map standardized values back.

    Raises:
        ValueError: for one of `mean` and `variance` alone or of unlike shapes, and for axes that are out of range or of
            free size.
    """

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis: tuple[int, ...] = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(f"{self._label}: expected both `mean` and `variance`, received {mean!r} and {variance!r}.")
        if np.shape(mean) != np.shape(variance) or (mean is not None and np.ndim(mean) > len(self.axis)):
            raise ValueError(
                f"{self._label}: expected `mean` and `variance` of one shape, with no more dimensions than axis "
                f"{self.axis}, received shapes {np.shape(mean)} and {np.shape(variance)}."
            )
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.adapt_mean: Any = None
        self.adapt_variance: Any = None
        self.count: Any = None

    def build(self, input_shape: Any) -> None:
        kept = self._kept(input_shape)
        if self.input_mean is None:
            shape = tuple(input_shape[axis] for axis in kept)
            self.adapt_mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape=shape, initializer="ones", trainable=False, name="variance")
            self.count = self.add_weight(shape=(), initializer="zeros", dtype="int", trainable=False, name="count")

    def _kept(self, shape: Any) -> list[int]:
        rank = len(shape)
        if any(not -rank <= axis < rank or shape[axis] is None for axis in self.axis):
            raise ValueError(
                f"{self._label}: expected axis {self.axis} to be of fixed size, received shape {tuple(shape)}."
            )
        return sorted({axis % rank for axis in self.axis})

    def adapt(self, data: Any) -> None:
        """Set mean and variance (divided by N) to those of `data`, computed in double precision. Builds the layer.

        Args:
            data: an array, or an iterable of batches: a list of arrays, a generator, a data set. Of batches that are
                tuples, the first entry counts.

        Raises:
            ValueError: for data without values, of a shape other than the layer was built for, or when the statistics
                were given.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self._label}: `mean` and `variance` were given, so there is nothing to adapt.")
        total = mean = variance = 0.0
        for batch in _batches(data):
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in self._kept(batch.shape) else batch.shape)
            kept = self._kept(batch.shape)
            if tuple(batch.shape[axis] for axis in kept) != self.adapt_mean.shape:
                raise ValueError(
                    f"{self._label}: expected data of sizes {self.adapt_mean.shape} along axis {self.axis}, "
                    f"received shape {batch.shape}."
                )
            reduced = tuple(axis for axis in range(batch.ndim) if axis not in kept)
            count = prod(batch.shape[axis] for axis in reduced)
            if not count:
                continue
            # Merging the moments of two parts (Chan et al. 1983).
            share = count / (total + count)
            shift = batch.mean(reduced) - mean
            variance = variance + (batch.var(reduced) - variance) * share + shift**2 * share * (1 - share)
            mean = mean + shift * share
            total += count
        if not total:
            raise ValueError(f"{self._label}: adapt() received no data.")
        self.adapt_mean.assign(np.asarray(mean))
        self.adapt_variance.assign(np.asarray(variance))

    @property
    def mean(self) -> Any:
        """The mean in use, in a shape that broadcasts with the inputs; None before the layer is built."""
        return self._statistic(self.input_mean, self.adapt_mean)

    @property
    def variance(self) -> Any:
        """The variance in use, as `mean`."""
        return self._statistic(self.input_variance, self.adapt_variance)

    def _statistic(self, given: Any, measured: Any) -> Any:
        if self._build_shapes is None:
            return None
        shape = self._build_shapes["input_shape"]
        kept = self._kept(shape)
        if given is not None:
            sizes = tuple(shape[axis] for axis in kept)
            measured = np.broadcast_to(np.asarray(given, np.float32), sizes)
        return ops.reshape(measured, [size if axis in kept else 1 for axis, size in enumerate(shape)])

    def call(self, inputs: Any) -> Any:
        stddev = ops.maximum(ops.sqrt(self.variance), _LEAST_STDDEV)
        if self.invert:
            return ops.add(self.mean, ops.multiply(inputs, stddev))
        return ops.divide(ops.subtract(inputs, self.mean), stddev)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": _plain(self.input_mean),
            "variance": _plain(self.input_variance),
        }


def _batches(data: Any) -> Iterator[np.ndarray]:
    if hasattr(data, "__array__") or isinstance(_first_leaf(data), (int, float)):
        parts: Iterable[Any] = [data]
    elif hasattr(data, "__len__") and hasattr(data, "__getitem__"):
        parts = (data[index] for index in range(len(data)))
    else:
        parts = data
    for part in parts:
        yield np.asarray(part[0] if isinstance(part, (list, tuple)) and part is not data else part, np.float64)


def _first_leaf(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return data


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float)) else np.asarray(value).tolist()
