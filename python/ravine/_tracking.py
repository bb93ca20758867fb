"""Which variables, layers and metrics an object holds in its attributes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ravine.variable import Variable

_numbers = itertools.count(1)
_latest = 0


def latest_change() -> int:
    """The number of the latest change of any object's attributes: while it stays the same, nothing was changed."""
    return _latest


def note_change() -> None:
    global _latest
    _latest = next(_numbers)


class Tracked:
    """Mixin for Layer and Metric: remembers attributes that hold state.

    Lists, tuples and dictionaries are looked into anew each time, so that appending to them works. `_version` counts
    the changes of public attributes, so that what was traced before a change is not used after it.
    """

    def _start_tracking(self) -> None:
        state = self.__dict__
        state["_tracked"] = {}
        state["_version"] = 0
        state["_frozen_version"] = 0

    def _count_change(self) -> None:
        self.__dict__["_version"] += 1
        note_change()

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        tracked = state.get("_tracked")
        if tracked is None:
            raise RuntimeError(
                f"In {type(self).__name__}, call super().__init__() at the beginning of __init__(), "
                f"before setting `{name}`."
            )
        if isinstance(getattr(type(self), name, None), property):
            pass  # what a property sets counts, not the property
        elif isinstance(value, (Variable, Tracked, list, tuple, dict)):
            tracked[name] = value
            self._count_change()
        else:
            tracked.pop(name, None)
            if not state["_frozen_version"] and name[0] != "_" and state.get(name, self) is not value:
                self._count_change()
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__dict__["_tracked"].pop(name, None)
        object.__delattr__(self, name)
        self._count_change()

    def _held(self, kind: type) -> Iterator[Any]:
        """The objects of a class among the attributes, each once, in the order in which they were set."""
        seen: set[int] = set()
        for value in self.__dict__["_tracked"].values():
            for item in _inside(value, kind):
                if id(item) not in seen:
                    seen.add(id(item))
                    yield item


def _inside(value: Any, kind: type) -> Iterator[Any]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _inside(item, kind)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _inside(item, kind)
