"""Which variables, layers and metrics an object holds in its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ravine._changes import new_number, note_change
from ravine.variable import Variable


class Tracked:
    """Mixin for Layer and Metric: remembers attributes that hold state.

    Lists, tuples and dictionaries are looked into anew each time, so that appending layers to them works. Every change
    of a public attribute makes `_version` a number that no object ever had, a copy or one long gone included, so that
    what was traced before a change is not used after it. Numbers that change inside a list do not count as a change of
    the attribute that holds it.
    """

    def _start_tracking(self) -> None:
        state = self.__dict__
        state["_tracked"] = {}
        state["_version"] = new_number()
        state["_frozen_version"] = 0

    def _count_change(self) -> None:
        self.__dict__["_version"] = new_number()
        note_change()

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        tracked = state.get("_tracked")
        if tracked is None:
            raise RuntimeError(
                f"In {type(self).__name__}, call super().__init__() at the beginning of __init__(), "
                f"before setting `{name}`."
            )
        outside = not state["_frozen_version"]
        if isinstance(getattr(type(self), name, None), property):
            counts = False  # what a property sets counts, not the property
        elif isinstance(value, (Variable, Tracked, list, tuple, dict)):
            tracked[name] = value
            counts = outside or any(True for _ in _inside((value,), (Variable, Tracked)))
        else:
            held = tracked.pop(name, None) is not None
            counts = held or (outside and name[0] != "_" and state.get(name, self) is not value)
        object.__setattr__(self, name, value)
        if counts:
            self._count_change()

    def __delattr__(self, name: str) -> None:
        self.__dict__["_tracked"].pop(name, None)
        object.__delattr__(self, name)
        self._count_change()

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.__dict__["_version"] = new_number()  # a copy has variables of its own

    def _held(self, kind: type) -> Iterator[Any]:
        """The objects of a class among the attributes, each once, in the order in which they were set."""
        seen: set[int] = set()
        for item in _inside(self.__dict__["_tracked"], kind):
            if id(item) not in seen:
                seen.add(id(item))
                yield item


def _inside(container: Any, kind: type | tuple[type, ...]) -> Iterator[Any]:
    for item in container.values() if isinstance(container, dict) else container:
        if isinstance(item, kind):
            yield item
        elif isinstance(item, (list, tuple, dict)):
            yield from _inside(item, kind)
