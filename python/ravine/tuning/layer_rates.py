"""Discriminative learning rates (Howard & Ruder 2018): lower layers learn more slowly than upper ones."""

from __future__ import annotations

from typing import Any


def layers_with_weights(model: Any) -> list[Any]:
    """The layers that have weights of their own, in the order in which the model holds them, however deep. What is
    inside of such a layer, like a PReLU that is the activation of a Dense layer, belongs to it."""
    found: dict[int, Any] = {}

    def visit(layer: Any) -> None:
        if layer._own_variables():
            found.setdefault(id(layer), layer)
            return
        for inner in layer._sublayers():
            visit(inner)

    visit(model)
    return list(found.values())


def layerwise_rates(model: Any, decay: float = 2.6, lowest: float = 0.0) -> dict[Any, float]:
    """Factors for the learning rate of each layer: 1 for the last one, `decay` times less for each layer below.

    Pass them on as ``learning_rate_multipliers`` of an optimizer.

    Args:
        model: a built model; layers without weights do not count.
        decay: the factor between a layer and the next; 2.6 is what Howard & Ruder (2018, section 3.2) found.
        lowest: no factor is smaller.

    Raises:
        ValueError: the model is not built, or `decay` is below 1.
    """
    if not decay >= 1:
        raise ValueError(f"layerwise_rates: expected `decay` to be 1 or more, received {decay!r}.")
    if not model.built:
        raise ValueError(f"{model._label}: layerwise_rates() needs a built model; call it on data or build(shape) it.")
    layers = layers_with_weights(model)
    return {layer: max(decay ** -(len(layers) - 1 - place), lowest) for place, layer in enumerate(layers)}
