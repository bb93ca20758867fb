"""A deep sigmoid network before its first step: the gradients do not arrive at the lower layers."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers


def draw(out: Path, depth: int = 12, images: int = 500) -> Path:
    file = out / "diagnosis.png"
    (x, y), _ = mnist(images, 1)
    keras.utils.set_random_seed(42)
    hidden = [layers.Dense(100, activation="sigmoid") for _ in range(depth)]
    model = keras.Sequential(
        [layers.Input((28, 28)), layers.Flatten(), *hidden, layers.Dense(10, activation="softmax")]
    )
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    keras.diagnose(model, x, y).plot(file)
    return file


if __name__ == "__main__":
    run(draw)
