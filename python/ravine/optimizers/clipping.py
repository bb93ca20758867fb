"""Clipping of gradients (Pascanu et al. 2013)."""

from __future__ import annotations

from typing import Any

from ravine import ops


def clip_by_norm(gradient: Any, limit: float) -> Any:
    """A gradient shortened to length `limit` when it is longer"""
    length = ops.sqrt(ops.sum(ops.square(gradient)))
    return ops.multiply(gradient, ops.divide(limit, ops.maximum(length, limit)))


def clip_by_global_norm(gradients: list[Any], limit: float) -> list[Any]:
    """Gradients shortened together so that their joint length is at most `limit`; NaN when that is not finite."""
    total = None
    for gradient in gradients:
        square = ops.sum(ops.square(gradient))
        total = square if total is None else ops.add(total, square)
    length = ops.sqrt(total)
    # Infinite gradients would otherwise be scaled to 0 and pass unnoticed.
    scale = ops.add(ops.divide(limit, ops.maximum(length, limit)), ops.subtract(length, length))
    return [ops.multiply(gradient, scale) for gradient in gradients]


def clip_by_value(gradient: Any, limit: float) -> Any:
    """A gradient with every element within [-limit, limit]"""
    return ops.clip(gradient, -limit, limit)
