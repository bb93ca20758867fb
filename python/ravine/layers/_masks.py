"""Masks on their way through layers."""

from __future__ import annotations

import warnings
from typing import Any

from ravine import _tree
from ravine._masks import mask_of, with_mask
from ravine.layers import _call
from ravine.ops.tracing import SymbolicTensor


def call_masked(layer: Any, args: tuple, kwargs: dict) -> Any:
    """`layer.call`, with the masks of the first argument handed over and those of the outputs noted."""
    masks = _tree.mapped(mask_of, args[0]) if args else None
    masked = any(mask is not None for mask in _tree.leaves(masks))
    if masked and _call.signature_of(type(layer).call).has_mask and kwargs.get("mask") is None:
        kwargs = {**kwargs, "mask": masks}
    outputs = layer.call(*args, **kwargs)
    if masked and not layer.supports_masking:
        warnings.warn(
            f"{layer._label}: it does not pass on the mask of its input, so the layers after it see none.",
            stacklevel=2,
        )
    elif layer.supports_masking and args:
        computed = layer.compute_mask(args[0], masks if masked else None)
        if computed is not None:
            for output, mask in zip(_tree.leaves(outputs), _tree.leaves(computed), strict=True):
                if isinstance(output, SymbolicTensor) and mask_of(output) is None:
                    with_mask(output, mask)
    return outputs
