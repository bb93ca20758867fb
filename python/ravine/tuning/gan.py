"""Generative adversarial training (Goodfellow et al. 2014), for the sake of the discriminator's lower layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import random
from ravine.models import Sequential
from ravine.models.arrays import as_array
from ravine.models.counts import check_count


def train_gan(
    generator: Any,
    discriminator: Any,
    x: Any,
    *,
    codings: int,
    epochs: int = 1,
    batch_size: int = 32,
    optimizer: str = "rmsprop",
) -> dict[str, list[float]]:
    """Train a generator and a discriminator against each other; both are changed in place.

    Each step trains the discriminator to tell real rows (1) from generated ones (0), then the generator, through the
    frozen discriminator, to be taken for real. Freezing takes effect at once, so nothing is compiled in between.
    Afterwards ``discriminator.layers[:-1]`` is a trunk that has seen all of `x` without labels.

    Args:
        generator: a model from codings (n, codings) to rows like those of `x`.
        discriminator: a model from rows to one probability: its last activation is a sigmoid.
        x: an array (n, ...) in the range of what the generator puts out.
        codings: the number of random normal inputs of the generator.
        epochs: passes over `x`; rows that do not fill the last batch are left out.
        batch_size: real rows in a step; as many are generated.
        optimizer: the name of an optimizer; both models get their own.

    Returns:
        the mean losses of each epoch under "discriminator" and "generator".
    """
    x = as_array(x, "x").astype(np.float32, copy=False)
    batch_size = check_count(batch_size, "batch_size")
    if len(x) < batch_size:
        raise ValueError(f"train_gan: expected at least batch_size = {batch_size} rows, received {len(x)}.")
    discriminator.compile(optimizer, "binary_crossentropy")
    gan = Sequential([generator, discriminator])
    gan.compile(optimizer, "binary_crossentropy")
    draw = np.random.default_rng(random.draw_seed())
    real_or_not = np.repeat([1.0, 0.0], batch_size)[:, None].astype(np.float32)
    taken_for_real = np.ones((batch_size, 1), np.float32)
    history: dict[str, list[float]] = {"discriminator": [], "generator": []}
    try:
        for _ in range(check_count(epochs, "epochs")):
            order = draw.permutation(len(x))
            losses = []
            for first in range(0, len(x) - batch_size + 1, batch_size):
                real = x[order[first : first + batch_size]]
                noise = draw.standard_normal((batch_size, codings), np.float32)
                fake = generator.predict_on_batch(noise).reshape(real.shape)
                discriminator.trainable = True
                telling = discriminator.train_on_batch(np.concatenate([real, fake]), real_or_not)
                discriminator.trainable = False
                noise = draw.standard_normal((batch_size, codings), np.float32)
                losses.append((telling, gan.train_on_batch(noise, taken_for_real)))
            for name, values in zip(history, np.mean(losses, axis=0), strict=True):
                history[name].append(float(values))
    finally:
        discriminator.trainable = True
    return history
