"""Attention: values mixed by how well keys fit queries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.ops import linalg, math, nn, slicing
from ravine.ops._dtypes import shape_of


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """softmax(query key^T * scale + bias) value for each head (Vaswani et al. 2017, equation 1).

    Args:
        query: shape (batch, T, heads, depth).
        key: shape (batch, S, key heads, depth). Each key head serves as many neighbouring heads of the query.
        value: shape (batch, S, key heads, value depth).
        bias: is added to the scores; its shape broadcasts to (batch, heads, T, S).
        mask: which scores count, of such a shape.
        scale: 1 / sqrt(depth) by default.
        is_causal: position t sees those up to t alone.
        flash_attention: means nothing here.
        attn_logits_soft_cap: must be None, as on all CPUs in Keras.

    Returns:
        Shape (batch, T, heads, value depth).
    """
    if attn_logits_soft_cap is not None:
        raise ValueError(f"attn_logits_soft_cap is not supported, received {attn_logits_soft_cap}.")
    sizes, given = shape_of(query), shape_of(key)
    if {len(sizes), len(given), len(shape_of(value))} != {4} or sizes[2] % given[2]:
        raise ValueError(
            f"ops.dot_product_attention: expected a query of shape (batch, T, heads, depth), a key and a value of "
            f"(batch, S, heads or a divisor, depth); received {sizes}, {given} and {shape_of(value)}."
        )
    if given[2] != sizes[2]:
        key, value = (slicing.repeat(x, sizes[2] // given[2], axis=2) for x in (key, value))
    scores = linalg.einsum("btnh,bsnh->bnts", query, key)
    scores = math.multiply(scores, sizes[-1] ** -0.5 if scale is None else scale)
    if bias is not None:
        scores = math.add(scores, bias)
    if is_causal:
        past = np.tri(sizes[1], given[1], dtype=bool)
        mask = past if mask is None else math.logical_and(mask, past)
    if mask is not None:
        scores = math.where(mask, scores, _LEAST)
    return linalg.einsum("bnts,bsnh->btnh", nn.softmax(scores), value)


_LEAST = -0.7 * float(np.finfo(np.float32).max)  # a row without any score that counts gets equal weights
