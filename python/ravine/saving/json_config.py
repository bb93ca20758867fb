"""Configurations as JSON text, read without trust."""

from __future__ import annotations

import json
from typing import Any

from ravine import _tree
from ravine.saving.errors import UnreadableFileError

_DEEPEST = 200


def text(config: Any, **kwargs: Any) -> str:
    """The configuration as JSON, in which infinite numbers (masks of attention have them) stand as Python's `json` and
    Keras write them; `kwargs` are those of `json.dumps`.

    Raises:
        ValueError: it holds NaN.
        TypeError: it holds what is not plain data.
    """
    try:
        written = json.dumps(config, **kwargs)
    except ValueError as error:
        raise ValueError(f"The configuration cannot be saved: {error}.") from None
    if any(x != x for x in _tree.leaves(config) if isinstance(x, float)):
        raise ValueError("The configuration cannot be saved: it holds NaN.")
    return written


def parse(content: bytes | str) -> dict:
    """The configuration in JSON text.

    Raises:
        UnreadableFileError: it is not JSON or not a dictionary, is nested too deeply, has a key twice, or holds NaN.
    """
    try:
        if isinstance(content, bytes):
            content = content.decode()
        config = json.loads(content, parse_constant=_constant, object_pairs_hook=_dictionary)
    except RecursionError:
        raise UnreadableFileError("the configuration is nested too deeply.") from None
    except UnreadableFileError:
        raise
    except ValueError as error:
        raise UnreadableFileError(f"the configuration is not valid JSON: {error}") from None
    if not isinstance(config, dict):
        raise UnreadableFileError(f"the configuration should be a dictionary, not a {type(config).__name__}.")
    _check_depth(config)
    return config


def _constant(name: str) -> float:
    if name == "NaN":
        raise UnreadableFileError("the configuration holds NaN where a number belongs.")
    return float(name)


def _dictionary(pairs: list[tuple[str, Any]]) -> dict:
    config = dict(pairs)
    if len(config) != len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise UnreadableFileError(f"the configuration has the key {double!r} twice.")
    return config


def _check_depth(config: Any) -> None:
    level = [config]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise UnreadableFileError(f"the configuration is nested more than {_DEEPEST} levels deep.")
