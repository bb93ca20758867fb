"""CIFAR-10: 60,000 colour images in ten classes (Krizhevsky 2009)."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from ravine.datasets._cache import cache_dir, fetch, read_splits, reading, write_atomically

# The binary edition: the Python one holds pickles, which can run code when they are read.
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES = [f"data_batch_{i}.bin" for i in range(1, 6)]
TEST_FILES = ["test_batch.bin"]
RECORD = 1 + 3 * 32 * 32

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """`(x_train, y_train), (x_test, y_test)`, cached as `cifar10.npz` (RAVINE_HOME).

    Returns:
        images uint8 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3), labels uint8 of shape (50000, 1) and
        (10000, 1).

    Raises:
        ConnectionError: not cached and no network; the message says where to put the file.
        ValueError: a cached file cannot be read.
    """
    decoded = cache_dir() / "cifar10.npz"
    if not decoded.is_file():
        archive = fetch("cifar-10-binary.tar.gz", URL, MD5, "md5")
        with reading(archive, "CIFAR-10"):
            (x_train, y_train), (x_test, y_test) = read_archive(archive)
        with write_atomically(decoded) as partial, partial.open("wb") as file:
            np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        return (x_train, y_train), (x_test, y_test)
    return read_splits(decoded, "CIFAR-10")


def read_archive(path: Path) -> tuple[Split, Split]:
    """Decode the binary edition: records of one label byte, then 1024 red, 1024 green and 1024 blue bytes."""
    with tarfile.open(path, "r:gz") as archive:

        def read(names: list[str]) -> Split:
            images, labels = [], []
            for name in names:
                member = archive.extractfile(f"{FOLDER}/{name}")
                content = member.read() if member else b""
                if not content or len(content) % RECORD:
                    raise ValueError(f"{name}: expected records of {RECORD} bytes, found {len(content)} bytes")
                records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
                labels.append(records[:, :1])
                images.append(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
            return np.ascontiguousarray(np.concatenate(images)), np.concatenate(labels)

        return read(TRAIN_FILES), read(TEST_FILES)
