"""Cropping borders off and padding them with zeros."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers._data_format import checked_data_format
from ravine.layers.input_spec import InputSpec
from ravine.layers.layer import Layer


class _Borders(Layer):
    """What happens at both ends of each spatial axis."""

    _spatial: int  # the number of spatial axes
    _argument: str

    def __init__(self, widths: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(data_format, self._label)
        self.input_spec = InputSpec(ndim=self._spatial + 2)
        self._pairs = self._checked_pairs(widths)

    def _checked_pairs(self, widths: Any) -> tuple[tuple[int, int], ...]:
        """One pair (before, after) per axis from the forms users may give."""
        pairs: list[Any] = [widths] * self._spatial if isinstance(widths, int) else list(widths)
        if self._spatial == 1 and len(pairs) == 2:
            pairs = [pairs]
        pairs = [(pair, pair) if isinstance(pair, int) else tuple(pair) for pair in pairs]
        good = len(pairs) == self._spatial and all(len(pair) == 2 for pair in pairs)
        if not good or any(not isinstance(n, int) or n < 0 for pair in pairs for n in pair):
            raise ValueError(
                f"{self._label}: expected `{self._argument}` to be a non-negative integer, or one or a pair of them "
                f"for each of {self._spatial} axes, received {widths!r}."
            )
        return tuple(pairs)

    def _all_pairs(self) -> list[tuple[int, int]]:
        """Pairs for all axes, the batch and the channels included."""
        none = [(0, 0)]
        first = self.data_format == "channels_first"
        return [*none, *none, *self._pairs] if first else [*none, *self._pairs, *none]

    def get_config(self) -> dict:
        widths = self._pairs[0] if self._spatial == 1 else self._pairs
        return {**super().get_config(), self._argument: widths, "data_format": self.data_format}


class _Cropping(_Borders):
    _argument = "cropping"

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        pairs = zip(inputs.shape, self._all_pairs(), strict=True)
        return inputs[tuple(slice(a, size - b) if a or b else slice(None) for size, (a, b) in pairs)]

    def compute_output_shape(self, input_shape: Any) -> tuple:
        pairs = zip(input_shape, self._all_pairs(), strict=True)
        sizes = tuple(None if size is None else size - a - b for size, (a, b) in pairs)
        if any(size is not None and size <= 0 for size in sizes[1:]):
            raise ValueError(f"{self._label}: nothing is left of an input of shape {tuple(input_shape)}.")
        return sizes


class _ZeroPadding(_Borders):
    _argument = "padding"

    def call(self, inputs: Any) -> Any:
        return ops.pad(inputs, self._all_pairs())

    def compute_output_shape(self, input_shape: Any) -> tuple:
        pairs = zip(input_shape, self._all_pairs(), strict=True)
        return tuple(None if size is None else size + a + b for size, (a, b) in pairs)


class Cropping1D(_Cropping):
    """Takes time steps off both ends of sequences of shape (batch, time, features).

    Args:
        cropping: how many at each end, or a pair (at the start, at the end).
    """

    _spatial = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(cropping, **kwargs)

    def get_config(self) -> dict:
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(_Cropping):
    """Takes rows and columns off images of shape (batch, height, width, channels), or with
    ``data_format="channels_first"`` (batch, channels, height, width).

    Args:
        cropping: a number, or for each axis one, or for each axis a pair (before, after).
    """

    _spatial = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """As `Cropping2D`, for volumes with three spatial axes."""

    _spatial = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


class ZeroPadding1D(_ZeroPadding):
    """Puts zeros at both ends of sequences of shape (batch, time, features), or with
    ``data_format="channels_first"`` (batch, features, time).

    Args:
        padding: how many at each end, or a pair (at the start, at the end).
    """

    _spatial = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Puts zeros around images of shape (batch, height, width, channels), or with
    ``data_format="channels_first"`` (batch, channels, height, width).

    Args:
        padding: a number, or for each axis one, or for each axis a pair (before, after).
    """

    _spatial = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """As `ZeroPadding2D`, for volumes with three spatial axes."""

    _spatial = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)
