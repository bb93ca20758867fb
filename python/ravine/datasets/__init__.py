"""Data sets: each module has `load_data()`, which returns `(x_train, y_train), (x_test, y_test)`."""

from typing import TYPE_CHECKING

from ravine import _absent
from ravine.datasets import cifar10, digits, fashion_mnist, mnist

__all__ = ["cifar10", "digits", "fashion_mnist", "mnist"]

if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
