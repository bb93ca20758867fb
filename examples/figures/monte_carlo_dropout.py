"""What a network with dropout is sure of: the same images predicted 100 times with dropout on."""

from pathlib import Path

import numpy as np
from _shared import mnist, run

import ravine as keras
from ravine import layers, plots
from ravine.plots import style


def draw(out: Path, epochs: int = 10, images: int = 5_000, samples: int = 100) -> Path:
    file = out / "monte_carlo_dropout.png"
    train, (x, y) = mnist(images, images // 5)
    keras.utils.set_random_seed(42)
    stack: list[layers.Layer] = [layers.Input((28, 28)), layers.Flatten()]
    for _ in range(2):
        stack += [layers.Dense(100, activation="relu", kernel_initializer="he_normal"), layers.Dropout(0.3)]
    model = keras.Sequential([*stack, layers.Dense(10, activation="softmax")])
    model.compile("nadam", loss="sparse_categorical_crossentropy")
    model.fit(*train, epochs=epochs, verbose=0)

    prediction = keras.mc_predict(model, x, samples=samples, seed=42)
    once = model.predict(x, verbose=0)
    order = np.argsort(prediction.mutual_information)
    chosen = {"sure": order[len(order) // 2], "least sure": order[-1]}
    with style.panels("monte_carlo_dropout", file, rows=2, columns=2, size=(8, 5), width_ratios=(1, 3)) as axes:
        for (name, index), (picture, bars) in zip(chosen.items(), (axes[:2], axes[2:]), strict=True):
            picture.imshow(x[index], cmap="gray_r")
            picture.set_axis_off()
            picture.set_title(f"{name}: {y[index]}")
            title = f"without dropout: {once[index].max():.0%} for {once[index].argmax()}"
            plots.plot_uncertainty(
                prediction.mean[index], prediction.std[index], target=int(y[index]), title=title, ax=bars
            )
        axes[3].set_xlabel("digit (green: the true one)")
    return file


if __name__ == "__main__":
    run(draw)
