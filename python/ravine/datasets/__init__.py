"""Data sets: each module has `load_data()`, which returns `(x_train, y_train), (x_test, y_test)`."""

from ravine.datasets import cifar10, digits, fashion_mnist, mnist

__all__ = ["cifar10", "digits", "fashion_mnist", "mnist"]
