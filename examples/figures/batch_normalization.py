"""What a unit of the last hidden layer sees during training, with batch normalization and without.

After figure 1 of Ioffe & Szegedy 2015.
"""

from pathlib import Path

import numpy as np
from _shared import mnist, run

import ravine as keras
from ravine import layers
from ravine.plots import style

PERCENTILES = (15, 50, 85)


def build_model(normalized: bool) -> keras.Sequential:
    keras.utils.set_random_seed(7)
    stack: list[layers.Layer] = [layers.Input((28, 28)), layers.Flatten()]
    for _ in range(3):
        stack.append(layers.Dense(100, use_bias=not normalized))
        if normalized:
            stack.append(layers.BatchNormalization(momentum=0.9))
        stack.append(layers.Activation("sigmoid"))
    return keras.Sequential([*stack, layers.Dense(10, activation="softmax")])


def draw(out: Path, epochs: int = 10, images: int = 5_000, every: int = 8) -> Path:
    file = out / "batch_normalization.png"
    train, validation = mnist(images, images // 5)
    with style.panels("batch_normalization", file, columns=2, size=(8, 3.8), sharey=True) as axes:
        for panel, normalized in zip(axes, (False, True), strict=True):
            model = build_model(normalized)
            model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            below = keras.Sequential(model.layers[:-2])  # up to the input of the last sigmoid
            seen: list[np.ndarray] = []

            def look(batch: int, logs: dict, below=below, seen=seen) -> None:
                if batch % every == 0:
                    seen.append(np.percentile(below(validation[0])[:, 0], PERCENTILES))

            callback = keras.callbacks.LambdaCallback(on_train_batch_end=look)
            history = model.fit(*train, epochs=epochs, validation_data=validation, callbacks=[callback], verbose=0)
            low, middle, high = np.array(seen).T
            at = every * np.arange(len(seen))
            panel.fill_between(at, low, high, color=style.SKY, alpha=0.35, linewidth=0, label="15th to 85th percentile")
            panel.plot(at, middle, color=style.BLUE, label="median")
            name = "with batch normalization" if normalized else "without"
            accuracy = history.history["val_accuracy"][-1]
            panel.set(title=f"{name}: accuracy {accuracy:.1%}", xlabel="step", xlim=(0, at[-1]))
        axes[0].set_ylabel("input of a sigmoid, last hidden layer")
        axes[0].legend(loc="lower left")
    return file


if __name__ == "__main__":
    run(draw)
