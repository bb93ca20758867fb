"""What the l1 and the l2 penalty leave of a layer's weights."""

from pathlib import Path

from _shared import mnist, run

import ravine as keras
from ravine import layers, plots, regularizers


def draw(out: Path, epochs: int = 15, images: int = 5_000) -> Path:
    file = out / "regularization.png"
    data, _ = mnist(images, 1)
    penalties = {"no penalty": None, "l2(1e-3)": regularizers.L2(1e-3), "l1(1e-4)": regularizers.L1(1e-4)}
    kernels = {}
    for name, penalty in penalties.items():
        keras.utils.set_random_seed(42)
        hidden = layers.Dense(100, activation="relu", kernel_initializer="he_normal", kernel_regularizer=penalty)
        model = keras.Sequential(
            [layers.Input((28, 28)), layers.Flatten(), hidden, layers.Dense(10, activation="softmax")]
        )
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss="sparse_categorical_crossentropy")
        model.fit(*data, epochs=epochs, verbose=0)
        kernels[name] = hidden.kernel.numpy()
    plots.plot_distributions(kernels, limits=(-0.3, 0.3), zero=1e-3, log=True, xlabel="weight", path=file)
    return file


if __name__ == "__main__":
    run(draw)
