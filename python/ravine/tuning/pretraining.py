"""Pretraining the lower layers of a net, for when there are few labels.

Each function trains the `layers` it is given in place. Put them below a new output afterwards:
``Sequential([*layers, Dense(10, activation="softmax")])``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ravine import activations
from ravine.layers import Dense, GaussianNoise, Layer
from ravine.models import Sequential


def pretrain_autoencoder(
    layers: Iterable[Layer],
    x: Any,
    *,
    noise: float | Layer | None = None,
    output_activation: Any = None,
    optimizer: Any = "adam",
    loss: Any = "mse",
    **fit_arguments: Any,
) -> Sequential:
    """Train layers to encode `x` such that it can be decoded again (Hinton & Salakhutdinov 2006).

    The decoder mirrors the Dense layers among them; it is only made for the training.

    Args:
        layers: the encoder; at least one of them a Dense layer.
        x: an array (n, ...), without labels.
        noise: for a denoising autoencoder (Vincent et al. 2010), which has to undo what this does to its input: the
            standard deviation of Gaussian noise, or a layer such as Dropout(0.3).
        output_activation: of the decoder's last layer; "sigmoid" suits pixels from 0 to 1.
        optimizer, loss: as in `compile`.
        **fit_arguments: as in `fit`, such as epochs and batch_size.

    Returns:
        the whole autoencoder, with its `history`.
    """
    layers = _checked(layers)
    x = np.asarray(x)
    flat = x.reshape(len(x), -1)
    model = Sequential([*_corruption(noise), *layers, *_decoder(layers, flat.shape[1], output_activation)])
    model.compile(optimizer, loss)
    model.fit(x, flat, **{"verbose": 0, **fit_arguments})
    return model


def pretrain_greedily(
    layers: Iterable[Layer],
    x: Any,
    *,
    noise: float | None = None,
    optimizer: str = "adam",
    loss: Any = "mse",
    **fit_arguments: Any,
) -> list[Sequential]:
    """Train layers one at a time, each as an autoencoder of what the layers below put out (Bengio et al. 2007).

    Args:
        layers: from the input up. Those that are not Dense go along with the next Dense layer.
        x, noise, loss, **fit_arguments: as in `pretrain_autoencoder`.
        optimizer: the name of an optimizer; every layer gets a new one.

    Returns:
        the autoencoders, one for each Dense layer.
    """
    codes = np.asarray(x)
    trained: list[Sequential] = []
    group: list[Layer] = []
    for layer in _checked(layers):
        group.append(layer)
        if isinstance(layer, Dense):
            trained.append(
                pretrain_autoencoder(group, codes, noise=noise, optimizer=optimizer, loss=loss, **fit_arguments)
            )
            codes = Sequential(group).predict(codes, verbose=0)
            group = []
    return trained


def pretrain_on_task(
    layers: Iterable[Layer],
    head: Layer | Iterable[Layer],
    x: Any,
    y: Any,
    *,
    loss: Any,
    optimizer: Any = "adam",
    metrics: Any = None,
    **fit_arguments: Any,
) -> Sequential:
    """Train layers, with a `head` on top, on an auxiliary task for which labels are cheap.

    Args:
        layers: the lower layers, which are to be kept.
        head: the output of the auxiliary task: a layer or several.
        x, y: its data.
        loss, optimizer, metrics: as in `compile`.
        **fit_arguments: as in `fit`.

    Returns:
        the model of the auxiliary task, with its `history`.
    """
    model = Sequential([*layers, *([head] if isinstance(head, Layer) else head)])
    model.compile(optimizer, loss, metrics=metrics)
    model.fit(x, y, **{"verbose": 0, **fit_arguments})
    return model


def _checked(layers: Iterable[Layer]) -> list[Layer]:
    found = list(layers)
    if not any(isinstance(layer, Dense) for layer in found):
        raise ValueError(f"Pretraining expected Dense layers, which a decoder can mirror, received {found}.")
    return found


def _corruption(noise: float | Layer | None) -> list[Layer]:
    if noise is None or isinstance(noise, Layer):
        return [] if noise is None else [noise]
    return [GaussianNoise(noise)]


def _decoder(layers: list[Layer], size: int, activation: Any) -> list[Layer]:
    """The Dense layers in reverse, down to `size` outputs."""
    mirrored = [layer for layer in reversed(layers) if isinstance(layer, Dense)]
    hidden = [
        Dense(
            lower.units,
            activation=activations.serialize(lower.activation),
            kernel_initializer=type(lower.kernel_initializer)(**lower.kernel_initializer.get_config()),
        )
        for lower in mirrored[1:]
    ]
    return [*hidden, Dense(size, activation=activation)]
