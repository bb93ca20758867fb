"""How the signal fares on its way through 20 layers of ReLU, forward and backward, under three initializations."""

from pathlib import Path

import numpy as np
from _shared import mnist, run

import ravine as keras
from ravine import layers
from ravine.plots import style

INITIALIZERS = {
    "RandomNormal(stddev=0.05)": lambda: keras.initializers.RandomNormal(stddev=0.05, seed=1),
    "Glorot": lambda: "glorot_normal",
    "He": lambda: "he_normal",
}


def draw(out: Path, depth: int = 20, images: int = 500) -> Path:
    file = out / "initialization.png"
    (x, y), _ = mnist(images, 1)
    x = (x - x.mean()) / x.std()
    with style.panels("initialization", file, columns=2, size=(8, 3.9)) as [forward, backward]:
        for (name, make), look in zip(INITIALIZERS.items(), style.lines(len(INITIALIZERS)), strict=True):
            keras.utils.set_random_seed(42)
            hidden = [layers.Dense(100, activation="relu", kernel_initializer=make()) for _ in range(depth)]
            model = keras.Sequential([layers.Input((28, 28)), layers.Flatten(), *hidden, layers.Dense(10)])
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            health = keras.diagnose(model, x, y, loss=loss).layers[-1 - depth : -1]
            at = np.arange(1, depth + 1)
            forward.plot(at, [layer.std**2 for layer in health], label=name, **look)
            backward.plot(at, [layer.gradient_norm**2 / 100 for layer in health], label=name, **look)
        forward.set(title="variance of the activations")
        backward.set(title="mean square of the gradients")
        for panel in (forward, backward):
            panel.set(xlabel="hidden layer", yscale="log")
            style.whole_numbers(panel.xaxis)
        forward.legend()
    return file


if __name__ == "__main__":
    run(draw)
