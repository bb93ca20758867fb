"""Masks: which values of a tensor count. A tensor carries its mask in the attribute ``_keras_mask``, as in Keras."""

from __future__ import annotations

from typing import Any


def mask_of(x: Any) -> Any | None:
    """The mask that `x` carries, or None."""
    return getattr(x, "_keras_mask", None)


def with_mask(x: Any, mask: Any) -> Any:
    """`x`, carrying a mask."""
    x._keras_mask = mask
    return x
