"""Layers that combine several inputs element by element, and concatenation; each also as a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from ravine import ops
from ravine.layers.layer import Layer


class Merge(Layer):
    """Base of the layers that take a list of two or more tensors. Subclasses implement `_merge(inputs)`.

    Raises ValueError for anything but a list of tensors that fit together.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)

    def call(self, inputs: Any) -> Any:
        return self._merge(list(inputs))

    def _merge(self, inputs: list[Any]) -> Any:
        raise NotImplementedError(f"{self._label}: _merge() is not implemented.")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where any of the inputs counts; None as soon as one of them has no mask."""
        if mask is None or any(m is None for m in mask):
            return None
        return reduce(ops.logical_or, mask)

    def _check(self, shapes: Any) -> list[tuple]:
        """The shapes as a list. Raises ValueError when they are not those of a list of tensors of one batch."""
        if not isinstance(shapes, (list, tuple)) or not all(isinstance(shape, (list, tuple)) for shape in shapes):
            raise ValueError(f"{self._label}: expected a list of tensors, received one of shape {tuple(shapes)}.")
        if not shapes:
            raise ValueError(f"{self._label}: expected a list of tensors, received an empty one.")
        if len({shape[0] for shape in shapes if shape} - {None}) > 1:
            raise ValueError(f"{self._label}: expected tensors of one batch size, received shapes {list(shapes)}.")
        return [tuple(shape) for shape in shapes]


class _Elementwise(Merge):
    """Inputs broadcast with each other. Those of lower rank get axes of size 1 behind the batch."""

    def _merge(self, inputs: list[Any]) -> Any:
        rank = max(len(x.shape) for x in inputs)
        return self._combine([_with_rank(x, rank) for x in inputs])

    def _combine(self, inputs: list[Any]) -> Any:
        raise NotImplementedError

    def _check(self, shapes: Any) -> list[tuple]:
        shapes = super()._check(shapes)
        self._merged_shape(shapes)
        return shapes

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return self._merged_shape(super()._check(input_shape))

    def _merged_shape(self, shapes: list[tuple]) -> tuple:
        rank = max(len(shape) for shape in shapes)
        full = [(*shape[:1], *[1] * (rank - len(shape)), *shape[1:]) for shape in shapes]
        merged: list[int | None] = []
        for sizes in zip(*full, strict=True):
            given = set(sizes) - {1} or {1}
            if len(given - {None}) > 1:
                raise ValueError(f"{self._label}: expected shapes that broadcast, received {shapes}.")
            merged.append(None if None in given else given.pop())
        return tuple(merged)


class Add(_Elementwise):
    """The sum of the inputs, element by element"""

    def _combine(self, inputs: list[Any]) -> Any:
        return reduce(ops.add, inputs)


class Subtract(_Elementwise):
    """inputs[0] - inputs[1]. Raises ValueError for any other number of inputs."""

    def _combine(self, inputs: list[Any]) -> Any:
        return ops.subtract(*inputs)

    def _check(self, shapes: Any) -> list[tuple]:
        shapes = super()._check(shapes)
        if len(shapes) != 2:
            raise ValueError(f"{self._label}: expected exactly 2 inputs, received shapes {shapes}.")
        return shapes


class Multiply(_Elementwise):
    """The product of the inputs, element by element"""

    def _combine(self, inputs: list[Any]) -> Any:
        return reduce(ops.multiply, inputs)


class Average(_Elementwise):
    """The mean of the inputs, element by element"""

    def _combine(self, inputs: list[Any]) -> Any:
        return ops.multiply(reduce(ops.add, inputs), 1 / len(inputs))


class Maximum(_Elementwise):
    """The largest of the inputs, element by element; at a tie the gradient goes to the first."""

    def _combine(self, inputs: list[Any]) -> Any:
        return reduce(ops.maximum, inputs)


class Minimum(_Elementwise):
    """The smallest of the inputs, element by element; at a tie the gradient goes to the first."""

    def _combine(self, inputs: list[Any]) -> Any:
        return reduce(ops.minimum, inputs)


class Concatenate(Merge):
    """The inputs side by side along `axis`, which is not the batch; all other sizes must agree."""

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def _merge(self, inputs: list[Any]) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    def _check(self, shapes: Any) -> list[tuple]:
        shapes = super()._check(shapes)
        rank = len(shapes[0])
        agree = all(len(shape) == rank for shape in shapes) and -rank <= self.axis < rank
        if not agree or any(
            i != self.axis % rank and len(set(sizes) - {None}) > 1 for i, sizes in enumerate(zip(*shapes, strict=True))
        ):
            raise ValueError(f"{self._label}: expected shapes that agree but for axis {self.axis}, received {shapes}.")
        return shapes

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shapes = self._check(input_shape)
        axis = self.axis % len(shapes[0])
        sizes = [shape[axis] for shape in shapes]
        return (*shapes[0][:axis], None if None in sizes else sum(sizes), *shapes[0][axis + 1 :])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Where masks go along the time axis, they are concatenated; else a place counts when it does in all inputs."""
        if mask is None or all(m is None for m in mask):
            return None
        full = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                full.append(ops.ones_like(x, dtype="bool"))
            else:
                full.append(m if len(m.shape) == len(x.shape) else ops.broadcast_to(ops.expand_dims(m, -1), x.shape))
        return ops.all(ops.concatenate(full, axis=self.axis), axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}


def _with_rank(x: Any, rank: int) -> Any:
    shape = tuple(x.shape)
    missing = rank - len(shape)
    return ops.reshape(x, (*shape[:1], *[1] * missing, *shape[1:])) if missing else x


def _function(cls: Callable, name: str) -> Callable:
    def merge(inputs: Any, **kwargs: Any) -> Any:
        return cls(**kwargs)(inputs)

    merge.__name__ = merge.__qualname__ = name
    merge.__doc__ = f"`{cls.__name__}` of a list of tensors; `kwargs` are those of a layer."
    return merge


add = _function(Add, "add")
subtract = _function(Subtract, "subtract")
multiply = _function(Multiply, "multiply")
average = _function(Average, "average")
maximum = _function(Maximum, "maximum")
minimum = _function(Minimum, "minimum")


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` of a list of tensors; `kwargs` are those of a layer."""
    return Concatenate(axis=axis, **kwargs)(inputs)
