"""Training on real data: the example that ships with ravine, and MNIST where it is in the cache."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.datasets._cache import cache_dir

ROOT = Path(__file__).parents[2]


def test_the_digits_example(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "digits.py"], capture_output=True, text=True, cwd=tmp_path
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    found = re.search(r"test accuracy ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found.group(1)) >= 0.97
    assert (tmp_path / "learning_curves.png").read_bytes().startswith(b"\x89PNG")
    assert "Epoch 30/30: 39/39" in done.stdout
    assert seconds < 60


@pytest.mark.skipif(not (cache_dir() / "mnist.npz").is_file(), reason="mnist.npz is not in the cache (RAVINE_HOME)")
@pytest.mark.parametrize("batch_norm", [False, True])
def test_mnist(batch_norm: bool) -> None:
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    assert x_train.shape == (60000, 28, 28)
    assert x_train.dtype == y_train.dtype == np.uint8
    keras.utils.set_random_seed(0)
    norm = [layers.BatchNormalization()] if batch_norm else []
    model = keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(300, "relu", kernel_initializer="he_normal"),
            *norm,
            layers.Dense(100, "relu", kernel_initializer="he_normal"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, epochs=1, validation_split=0.1, verbose=0)
    assert history.history["val_accuracy"][0] > 0.955
    assert model.evaluate(x_test, y_test, verbose=0)[1] > 0.95
