"""Automatic names: ``dense``, ``dense_1``, ... per process, as Keras gives them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

_used: dict[str, int] = {}


def to_snake_case(name: str) -> str:
    """``LeakyReLU`` -> ``leaky_re_lu``, ``MaxPooling2D`` -> ``max_pooling2d``, ``AdamW`` -> ``adam_w``."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """A fresh name from a class name or a snake-case prefix: the first is bare, the next end in ``_1``, ``_2``, ..."""
    prefix = to_snake_case(prefix)
    count = _used.get(prefix, 0)
    _used[prefix] = count + 1
    return prefix if count == 0 else f"{prefix}_{count}"


def clear_session(free_memory: bool = True) -> None:
    """Start the automatic names again from the beginning. `free_memory` is accepted for Keras' sake."""
    _used.clear()


_Method = TypeVar("_Method", bound=Callable)


def name_first(method: _Method) -> _Method:
    """A method that takes its argument `name` in front of the others too, as tf.keras does."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], str):
            args, kwargs = args[1:], {**kwargs, "name": args[0]}
        return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]
