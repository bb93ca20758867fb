"""`keras.optimizers.legacy`, which Keras 3 has no more: its classes say so when they are called."""

from __future__ import annotations

from typing import Any, NoReturn


class Optimizer:
    """What was `keras.optimizers.legacy.Optimizer` in Keras 2."""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        name = type(self).__name__
        raise ImportError(f"optimizers.legacy.{name} is gone, as in Keras 3; use optimizers.{name}.")


class Adagrad(Optimizer):
    pass


class Adam(Optimizer):
    pass


class Ftrl(Optimizer):
    pass


class RMSprop(Optimizer):
    pass


class SGD(Optimizer):
    pass
