"""What a layer demands of its input."""

from __future__ import annotations

from typing import Any


class InputSpec:
    """Demands on the rank and the sizes of an input; a layer states them in its attribute `input_spec`.

    Args:
        dtype: accepted for Keras' sake; everything is computed in float32.
        shape: the expected shape, None for any size.
        ndim, max_ndim, min_ndim: the expected rank, and its bounds.
        axes: expected sizes by axis, e.g. ``{-1: 128}``.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: tuple | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.name = name
        self.optional = optional

    def check(self, shape: tuple, where: str) -> None:
        """Raises ValueError, beginning with `where`, when `shape` does not meet the demands."""
        rank = len(shape)

        def refuse(expected: str) -> ValueError:
            return ValueError(f"{where}: expected {expected}, received shape {shape}.")

        if self.ndim is not None and rank != self.ndim:
            raise refuse(f"input of rank {self.ndim}")
        if self.min_ndim is not None and rank < self.min_ndim:
            raise refuse(f"input of rank {self.min_ndim} or more")
        if self.max_ndim is not None and rank > self.max_ndim:
            raise refuse(f"input of rank {self.max_ndim} or less")
        for axis, size in self.axes.items():
            if not -rank <= axis < rank or (size is not None and shape[axis] not in (None, size)):
                name = "last dimension" if axis == -1 else f"dimension {axis}"
                raise refuse(f"{name} {size}")
        if self.shape is not None:
            for size, found in zip(self.shape, shape, strict=True):
                if size is not None and found not in (None, size):
                    raise refuse(f"shape {self.shape}")

    def get_config(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes or None,
        }
