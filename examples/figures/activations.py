"""Activation functions and their derivatives."""

from pathlib import Path

from _shared import run

from ravine import plots

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "mish")


def draw(out: Path) -> Path:
    file = out / "activations.png"
    plots.plot_activations(NAMES, path=file)
    return file


if __name__ == "__main__":
    run(draw)
