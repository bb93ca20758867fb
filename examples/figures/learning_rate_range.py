"""The learning-rate range test: the loss while the rate grows from step to step."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers


def draw(out: Path, images: int = 10_000) -> Path:
    file = out / "learning_rate_range.png"
    train, _ = mnist(images, 1)
    keras.utils.set_random_seed(42)
    hidden = [layers.Dense(100, activation="relu", kernel_initializer="he_normal") for _ in range(3)]
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")]
    )
    model.compile(keras.optimizers.SGD(), loss="sparse_categorical_crossentropy")
    keras.find_learning_rate(model, *train, batch_size=32, min_rate=1e-4, max_rate=10).plot(file)
    return file


if __name__ == "__main__":
    run(draw)
