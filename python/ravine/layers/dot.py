"""Dot: dot products between two tensors, sample by sample."""

from __future__ import annotations

from math import prod
from typing import Any

from ravine import ops
from ravine.layers.merging import Merge


class Dot(Merge):
    """The sums of products of two inputs over one axis of each: shapes (batch, a, k) and (batch, k, b) with axes (2, 1)
    give (batch, a, b); two of shape (batch, k) with axes 1 give (batch, 1).

    Args:
        axes: the axis of both inputs, or a pair of axes; not 0, the batch.
        normalize: whether both inputs are divided by their length along that axis first, so that the result is the
            cosine of the angle between them.

    Raises:
        TypeError, ValueError: for other `axes`.
        ValueError: for anything but two inputs of rank 2 or more that agree along them.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axes, int) and not isinstance(axes, (list, tuple)):
            raise TypeError(f"{self._label}: expected `axes` to be an integer or a pair of them, received {axes!r}.")
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(axis, int) for axis in axes)):
            raise ValueError(f"{self._label}: expected `axes` to be an integer or a pair of them, received {axes!r}.")
        self.axes = axes
        self.normalize = normalize

    def _merge(self, inputs: list[Any]) -> Any:
        shapes = [tuple(x.shape) for x in inputs]
        first, second = self._positions(shapes)
        x, y = inputs
        if self.normalize:
            x, y = ops.normalize(x, first), ops.normalize(y, second)
        # The summed axis goes last in x and first behind the batch in y; what remains becomes one axis.
        rest = [_without(shape, axis) for shape, axis in zip(shapes, (first, second), strict=True)]
        size = shapes[0][first]
        x = ops.reshape(ops.moveaxis(x, first, -1), (shapes[0][0], prod(rest[0]), size))
        y = ops.reshape(ops.moveaxis(y, second, 1), (shapes[1][0], size, prod(rest[1])))
        return ops.reshape(ops.matmul(x, y), self._output_shape(shapes))

    def _check(self, shapes: Any) -> list[tuple]:
        shapes = super()._check(shapes)
        if len(shapes) != 2:
            raise ValueError(f"{self._label}: expected exactly 2 inputs, received shapes {shapes}.")
        first, second = self._positions(shapes)
        if shapes[0][first] != shapes[1][second]:
            raise ValueError(
                f"{self._label}: expected inputs that agree along the axes {(first, second)}, received shapes {shapes}."
            )
        return shapes

    def _positions(self, shapes: list[tuple]) -> tuple[int, int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for shape, axis in zip(shapes, axes, strict=True):
            if len(shape) < 2 or not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f"{self._label}: expected axis {axis} to be one of the input and not the batch, "
                    f"received shape {shape}."
                )
        return axes[0] % len(shapes[0]), axes[1] % len(shapes[1])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return self._output_shape(self._check(input_shape))

    def _output_shape(self, shapes: list[tuple]) -> tuple:
        first, second = self._positions(shapes)
        rest = (*_without(shapes[0], first), *_without(shapes[1], second))
        return (shapes[0][0], *(rest or (1,)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot` of a list of two tensors; `kwargs` are those of a layer."""
    return Dot(axes=axes, **kwargs)(inputs)


def _without(shape: tuple, axis: int) -> tuple:
    """The sizes of a sample without one axis."""
    return tuple(size for i, size in enumerate(shape) if i not in (0, axis))
