"""One counter of all changes of layers, metrics and variables that a traced program may depend on."""

from __future__ import annotations

import itertools

_numbers = itertools.count(1)
_latest = 0


def new_number() -> int:
    """A number that was never given before."""
    return next(_numbers)


def latest_change() -> int:
    """The number of the latest change: while it stays the same, nothing was changed."""
    return _latest


def note_change() -> None:
    """Something has changed. Called after the change, so that whoever sees the number sees the change too."""
    global _latest
    _latest = next(_numbers)
