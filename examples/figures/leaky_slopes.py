"""Leaks below zero: fixed (LeakyReLU), trained (PReLU), random (RReLU)."""

from pathlib import Path

import numpy as np
from _shared import mnist, run

import ravine as keras
from ravine import layers
from ravine.plots import style


def trained_slopes(epochs: int, images: int) -> np.ndarray:
    keras.utils.set_random_seed(42)
    train, _ = mnist(images, 1)
    prelu = layers.PReLU()
    hidden = layers.Dense(200, kernel_initializer="he_normal")
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), hidden, prelu, layers.Dense(10, activation="softmax")]
    )
    model.compile("nadam", loss="sparse_categorical_crossentropy")
    model.fit(*train, epochs=epochs, verbose=0)
    return prelu.alpha.numpy()


def draw(out: Path, epochs: int = 10, images: int = 4_000) -> Path:
    file = out / "leaky_slopes.png"
    x = np.linspace(-4, 2, 61, dtype=np.float32)
    with style.panels("leaky_slopes", file, columns=3, size=(8, 3.2)) as [leaky, prelu, rrelu]:
        for slope, look in zip((0.01, 0.2, 0.3), style.lines(3), strict=True):
            leaky.plot(x, layers.LeakyReLU(negative_slope=slope)(x), label=f"slope {slope:g}", **look)
        leaky.set(title="LeakyReLU: fixed", xlabel="x", ylim=(-1.6, 2))
        leaky.legend(loc="upper left")
        prelu.hist(trained_slopes(epochs, images), 30, color=style.BLUE)
        prelu.axvline(0, color=style.ORANGE, linestyle=style.DASHES[1])
        prelu.set(title="PReLU: trained", xlabel=f"slope after {epochs} epochs", ylabel="units")
        keras.utils.set_random_seed(0)
        layer = layers.RReLU()
        points = np.linspace(-4, 2, 241, dtype=np.float32)
        rrelu.fill_between(x, np.minimum(x, 0) / 3, np.minimum(x, 0) / 8, color=style.SKY, alpha=0.25, linewidth=0)
        rrelu.plot(points, layer(points, training=True), ".", color=style.BLUE, markersize=3, label="in training")
        rrelu.plot(x, layer(x), color=style.ORANGE, label="at test time")
        rrelu.set(title="RReLU: random", xlabel="x", ylim=(-1.6, 2))
        rrelu.legend(loc="upper left")
    return file


if __name__ == "__main__":
    run(draw)
