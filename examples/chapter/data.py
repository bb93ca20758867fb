"""The data sets as the experiments use them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

import ravine as keras


class Data(NamedTuple):
    """Images as float32 and labels of shape (n,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def standardized(self) -> Data:
        """Each feature with mean 0 and standard deviation 1 over the training images."""
        mean, std = self.x_train.mean(axis=0), self.x_train.std(axis=0) + 1e-7
        images = [((x - mean) / std).astype(np.float32) for x in (self.x_train, self.x_valid, self.x_test)]
        return self._replace(x_train=images[0], x_valid=images[1], x_test=images[2])


@cache
def mnist() -> Data:
    """55,000 training, 5,000 validation and 10,000 test images from 0 to 1."""
    return _split(keras.datasets.mnist.load_data())


@cache
def cifar10() -> Data:
    """45,000 training, 5,000 validation and 10,000 test images from 0 to 1."""
    return _split(keras.datasets.cifar10.load_data())


def _split(loaded: tuple) -> Data:
    (x, y), (x_test, y_test) = loaded
    x, x_test = (images.astype(np.float32) / 255 for images in (x, x_test))
    y, y_test = (labels.reshape(-1).astype(np.int32) for labels in (y, y_test))
    return Data(x[:-5000], y[:-5000], x[-5000:], y[-5000:], x_test, y_test)
