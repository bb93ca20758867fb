"""Finding public objects by the names that users write, with helpful errors for names that do not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


def close_matches(name: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known names, or lists all of them when none is near."""
    known = sorted(set(known))
    folded = {key.lower(): key for key in known}
    near = [folded[key] for key in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)]
    if near:
        return f"Did you mean {' or '.join(repr(match) for match in near)}?"
    return f"Known names: {', '.join(known)}."


def find(name: str, known: Mapping[str, Any], kind: str) -> Any:
    """The object called `name`. Raises ValueError with close matches when there is none."""
    if name in known:
        return known[name]
    raise ValueError(f"Unknown {kind} {name!r}. {close_matches(name, known)}")


def unexpected_arguments(where: str, kwargs: Mapping[str, Any], known: Iterable[str]) -> ValueError:
    """The error for keyword arguments that nobody recognizes."""
    known = list(known)
    hints = [close_matches(name, known) for name in kwargs] if known else []
    return ValueError(f"{where}: argument(s) not recognized: {dict(kwargs)}. {' '.join(hints)}".rstrip())


def not_an_identifier(identifier: Any, kind: str) -> ValueError:
    article = "an" if kind[0] in "aeio" else "a"
    return ValueError(
        f"Cannot make {article} {kind} of {identifier!r}: expected a name, a configuration dictionary, "
        f"a class or instance, or a callable; received {type(identifier).__name__}."
    )
