"""Digits: 1,797 handwritten digits of 8 x 8 pixels, part of scikit-learn (UCI Optical Recognition, Alpaydin and
Kaynak 1998). Small enough to train in seconds, and there without a network."""

from __future__ import annotations

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def load_data(test_fraction: float = 0.2) -> tuple[Split, Split]:
    """`(x_train, y_train), (x_test, y_test)`; the same split in every call.

    Args:
        test_fraction: share of every class that goes to the test set, evenly spread over the file (its writers
            come one after the other).

    Returns:
        images float32 of shape (n, 8, 8) with values 0 to 16, labels uint8 of shape (n,); by default 1,438 and
        359 rows.

    Raises:
        ImportError: scikit-learn is not installed (`pip install ravine[data]`).
    """
    if not 0.0 < test_fraction < 1.0:
        raise ValueError(f"digits.load_data: test_fraction must lie between 0 and 1, received {test_fraction}.")
    try:
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError("datasets.digits needs scikit-learn: pip install ravine[data]") from error
    data = load_digits()
    images, labels = data.images.astype("float32"), data.target.astype("uint8")
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = round(len(rows) * test_fraction)
        held_out[rows[((np.arange(count) + 0.5) * len(rows) / count).astype(int)]] = True
    # Mixed, so that the last rows are like the others (validation_split takes them). This stream never changes.
    train = np.random.RandomState(0).permutation(np.flatnonzero(~held_out))
    return (images[train], labels[train]), (images[held_out], labels[held_out])
