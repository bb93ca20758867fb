"""MNIST: 70,000 handwritten digits (LeCun, Cortes and Burges)."""

from __future__ import annotations

import numpy as np

from ravine.datasets._cache import fetch, read_splits

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

Split = tuple[np.ndarray, np.ndarray]


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """`(x_train, y_train), (x_test, y_test)`.

    Args:
        path: the file's name in the cache folder (RAVINE_HOME), or an absolute path.

    Returns:
        images uint8 of shape (60000, 28, 28) and (10000, 28, 28), labels uint8 of shape (60000,) and (10000,).

    Raises:
        ConnectionError: not cached and no network; the message says where to put the file.
        ValueError: the cached file cannot be read.
    """
    file = fetch(path, URL, SHA256, "sha256")
    return read_splits(file, "MNIST")
