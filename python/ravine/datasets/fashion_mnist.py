"""Fashion-MNIST: 70,000 images of clothes in ten classes (Xiao, Rasul and Vollgraf 2017)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from ravine.datasets._cache import fetch, reading

BASE_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
UNSIGNED_BYTE = 0x08

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """`(x_train, y_train), (x_test, y_test)`, read from the folder `fashion-mnist` in the cache (RAVINE_HOME).

    Returns:
        images uint8 of shape (60000, 28, 28) and (10000, 28, 28), labels uint8 of shape (60000,) and (10000,).

    Raises:
        ConnectionError: not cached and no network; the message says where to put the files.
        ValueError: a cached file cannot be read.
    """
    parts = []
    for name, digest in MD5.items():
        file = fetch(f"fashion-mnist/{name}", BASE_URL + name, digest, "md5")
        with reading(file, "Fashion-MNIST"):
            parts.append(read_idx(file))
    return (parts[0], parts[1]), (parts[2], parts[3])


def read_idx(path: Path) -> np.ndarray:
    """An array of bytes from a gzipped IDX file: two zero bytes, type, rank, big-endian sizes, then the data."""
    with gzip.open(path, "rb") as file:
        content = file.read()
    if len(content) < 4 or content[0] or content[1] or content[2] != UNSIGNED_BYTE:
        raise ValueError("not an IDX file of unsigned bytes")
    rank = content[3]
    header = 4 + 4 * rank
    if len(content) < header:
        raise ValueError("the IDX header is cut off")
    shape = [int(size) for size in np.frombuffer(content, ">u4", rank, 4)]
    expected = int(np.prod(shape, dtype=object))
    if len(content) - header != expected:
        raise ValueError(f"expected {expected} bytes of data for shape {tuple(shape)}, found {len(content) - header}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy()
