"""Max-norm keeps the incoming weights of every unit within a ball."""

from pathlib import Path

import numpy as np
from _shared import mnist, run

import ravine as keras
from ravine import layers
from ravine.plots import style

BOUND = 1.5


def train(constraint: keras.constraints.Constraint | None, data: tuple, epochs: int) -> np.ndarray:
    """The norms of the hidden units' incoming weights at first and after each epoch, shape (epochs + 1, units)."""
    keras.utils.set_random_seed(42)
    hidden = layers.Dense(200, activation="relu", kernel_initializer="he_normal", kernel_constraint=constraint)
    model = keras.Sequential([layers.Input((28, 28)), layers.Flatten(), hidden, layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy")
    norms = [np.linalg.norm(hidden.kernel, axis=0)]
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: norms.append(np.linalg.norm(hidden.kernel, axis=0))
    )
    model.fit(*data, epochs=epochs, callbacks=[note], verbose=0)
    return np.array(norms)


def draw(out: Path, epochs: int = 15, images: int = 4_000) -> Path:
    file = out / "max_norm.png"
    data, _ = mnist(images, 1)
    runs = {
        "without a constraint": (train(None, data, epochs), style.ORANGE),
        f"MaxNorm({BOUND:g})": (train(keras.constraints.MaxNorm(BOUND), data, epochs), style.BLUE),
    }
    with style.panels("max_norm", file, columns=2, size=(8, 3.6), width_ratios=(3, 2), sharey=True) as [left, right]:
        top = 1.05 * max(norms.max() for norms, _ in runs.values())
        for name, (norms, colour) in runs.items():
            at = range(len(norms))
            left.fill_between(at, norms.min(axis=1), norms.max(axis=1), color=colour, alpha=0.2, linewidth=0)
            left.plot(at, np.median(norms, axis=1), color=colour, label=name)
            right.hist(
                norms[-1], np.linspace(1, top, 40), orientation="horizontal", color=colour, histtype="step", linewidth=2
            )
        for panel in (left, right):
            panel.axhline(BOUND, color=style.MUTED, linestyle=style.DASHES[1], linewidth=1.2)
        left.set(title="median and range of all units", xlabel="epoch", ylabel="norm of the incoming weights")
        left.legend(loc="upper left")
        right.set(title="at the end", xlabel="units")
        style.whole_numbers(left.xaxis)
    return file


if __name__ == "__main__":
    run(draw)
