"""Nine optimizers train the same network from the same initial weights."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers, optimizers, plots


def build_model() -> keras.Sequential:
    keras.utils.set_random_seed(42)
    hidden = [layers.Dense(100, activation="relu", kernel_initializer="he_normal") for _ in range(3)]
    return keras.Sequential([layers.Input((28, 28)), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")])


def draw(out: Path, epochs: int = 10, images: int = 10_000) -> Path:
    file = out / "optimizers.png"
    train, validation = mnist(images, images // 5)
    contestants = {
        "SGD": optimizers.SGD(0.001),
        "momentum": optimizers.SGD(0.001, momentum=0.9),
        "Nesterov": optimizers.SGD(0.001, momentum=0.9, nesterov=True),
        "AdaGrad": optimizers.Adagrad(0.001),
        "RMSProp": optimizers.RMSprop(0.001),
        "Adam": optimizers.Adam(0.001),
        "AdaMax": optimizers.Adamax(0.001),
        "Nadam": optimizers.Nadam(0.001),
        "AdamW": optimizers.AdamW(0.001, weight_decay=1e-5),
    }
    histories = {}
    for name, optimizer in contestants.items():
        model = build_model()
        model.compile(optimizer, loss="sparse_categorical_crossentropy")
        histories[name] = model.fit(*train, epochs=epochs, validation_data=validation, verbose=0)
    plots.plot_histories(histories, log=True, path=file)
    return file


if __name__ == "__main__":
    run(draw)
