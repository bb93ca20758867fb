"""The same network on few images, with dropout and without."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers
from ravine.plots import style


def build_model(rate: float) -> keras.Sequential:
    keras.utils.set_random_seed(42)
    stack: list[layers.Layer] = [layers.Input((28, 28)), layers.Flatten()]
    for _ in range(2):
        stack += [layers.Dense(300, activation="relu", kernel_initializer="he_normal"), layers.Dropout(rate)]
    return keras.Sequential([*stack, layers.Dense(10, activation="softmax")])


def draw(out: Path, epochs: int = 40, images: int = 2_000) -> Path:
    file = out / "dropout.png"
    train, validation = mnist(images, images)
    with style.panels("dropout", file, columns=2, size=(8, 3.6), sharey=True) as axes:
        for panel, rate in zip(axes, (0.0, 0.5), strict=True):
            model = build_model(rate)
            model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            history = model.fit(*train, epochs=epochs, validation_data=validation, verbose=0).history
            at = range(1, epochs + 1)
            panel.plot(at, history["loss"], color=style.BLUE, label="training")
            panel.plot(at, history["val_loss"], color=style.ORANGE, label="validation")
            accuracy = max(history["val_accuracy"])
            panel.set(title=f"dropout {rate:g}: best accuracy {accuracy:.1%}", xlabel="epoch", ylim=(0, 0.8))
            panel.legend()
        axes[0].set_ylabel("loss")
    return file


if __name__ == "__main__":
    run(draw)
