"""Configurations as JSON text, read without trust."""

from __future__ import annotations

import json
from typing import Any

from ravine.saving.errors import UnreadableFileError

_DEEPEST = 200


def text(config: Any, **kwargs: Any) -> str:
    """The configuration as JSON; `kwargs` are those of `json.dumps`.

    Raises:
        ValueError: it holds NaN or an infinite number, which JSON does not know.
        TypeError: it holds what is not plain data.
    """
    try:
        return json.dumps(config, **{"allow_nan": False, **kwargs})
    except ValueError as error:
        raise ValueError(f"The configuration cannot be saved: {error}.") from None


def parse(content: bytes | str) -> dict:
    """The configuration in JSON text.

    Raises:
        UnreadableFileError: it is not JSON or not a dictionary, is nested too deeply, has a key twice, or holds NaN or
            an infinite number.
    """
    try:
        if isinstance(content, bytes):
            content = content.decode()
        config = json.loads(content, parse_constant=_refuse_constant, object_pairs_hook=_dictionary)
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


def _refuse_constant(name: str) -> Any:
    raise UnreadableFileError(f"the configuration holds {name} where a number belongs.")


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
