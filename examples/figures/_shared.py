"""What the scripts of this folder share: a part of MNIST, layers that repeat, and the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

import ravine as keras

Split = tuple[np.ndarray, np.ndarray]


def mnist(train: int, validation: int) -> tuple[Split, Split]:
    """The first `train` images of MNIST and the last `validation` ones of its training part, pixels from 0 to 1."""
    (x, y), _ = keras.datasets.mnist.load_data()
    return (x[:train] / 255.0, y[:train]), (x[-validation:] / 255.0, y[-validation:])


def run(draw: Callable[[Path], Path]) -> None:
    """The command line of a script: `--out FOLDER`, where the picture goes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture (default: the current one)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    print(draw(out))
