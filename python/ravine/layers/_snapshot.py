"""Snapshot: tells cheaply, before every step, whether a layer is still what its programs were traced from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import is_
from typing import Any

from ravine._tracking import latest_change
from ravine.metrics.metric import Metric


class Snapshot:
    """The state of layers at one moment.

    Attributes:
        layers: a layer and all that are in it.
        key: equal for equal states: which layers they are, their attributes, and whether they are frozen.
        metrics: those that the layers hold.
    """

    def __init__(self, layers: list[Any]) -> None:
        self._change = latest_change()
        self.layers = layers
        states = [layer.__dict__ for layer in layers]
        self._versions = [(state, state["_version"], state["_trainable"]) for state in states]
        self.key = tuple((id(state), version, trainable) for state, version, trainable in self._versions)
        # Appending to a list of layers does not count as a change of the attribute that holds it.
        self._containers = [
            (container, _contents(container))
            for state in states
            for value in state["_tracked"].values()
            for container in _changeable(value)
        ]

    @cached_property
    def metrics(self) -> list[Any]:
        return list(dict.fromkeys(metric for layer in self.layers for metric in layer._held(Metric)))

    def holds(self) -> bool:
        """Whether nothing has changed since."""
        change = latest_change()
        if change != self._change:
            for state, version, trainable in self._versions:
                if state["_version"] != version or state["_trainable"] is not trainable:
                    return False
            self._change = change  # it was elsewhere
        for container, before in self._containers:
            now = _contents(container)
            if len(now) != len(before) or not all(map(is_, now, before)):
                return False
        return True


def _changeable(value: Any) -> Iterator[Any]:
    """The lists and dictionaries among a value and what it contains."""
    if isinstance(value, (list, dict)):
        yield value
    if isinstance(value, (list, tuple, dict)):
        for item in _contents(value):
            yield from _changeable(item)


def _contents(container: Any) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else [*container]
