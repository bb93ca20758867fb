"""Performance scheduling: the learning rate is halved whenever the validation loss stops falling."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers, plots


def draw(out: Path, epochs: int = 25, images: int = 10_000) -> Path:
    file = out / "plateau.png"
    train, validation = mnist(images, images // 4)
    keras.utils.set_random_seed(42)
    hidden = [layers.Dense(100, activation="relu", kernel_initializer="he_normal") for _ in range(2)]
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")]
    )
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy")
    history = model.fit(
        *train,
        epochs=epochs,
        validation_data=validation,
        callbacks=[keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2)],
        verbose=0,
    )
    plots.plot_learning_rate(history, path=file)
    return file


if __name__ == "__main__":
    run(draw)
