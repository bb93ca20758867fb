"""A functional model: a wide and a deep path that meet, and two outputs."""

from pathlib import Path

from _shared import run

import ravine as keras
from ravine import layers


def build_model() -> keras.Model:
    wide, deep = layers.Input((5,), name="wide"), layers.Input((6,), name="deep")
    x = layers.Dense(30, activation="relu", name="hidden_1")(deep)
    x = layers.Dense(30, activation="relu", name="hidden_2")(x)
    joined = layers.Concatenate(name="joined")([wide, x])
    outputs = [layers.Dense(1, name="output")(joined), layers.Dense(1, name="auxiliary")(x)]
    return keras.Model([wide, deep], outputs, name="wide_and_deep")


def draw(out: Path) -> Path:
    file = out / "model_graph.png"
    keras.utils.plot_model(build_model(), file, show_shapes=True, show_layer_names=True, dpi=90)
    return file


if __name__ == "__main__":
    run(draw)
