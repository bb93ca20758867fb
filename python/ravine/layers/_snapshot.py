"""Snapshot: tells cheaply, before every step, whether a layer is still what its programs were traced from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import is_
from typing import Any

from ravine._changes import latest_change
from ravine._tracking import Tracked
from ravine.metrics.metric import Metric
from ravine.variable import Variable


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
        self._variables = [(variable, variable.trainable) for layer in layers for variable in layer._own_variables()]
        self.key = (
            tuple((version, trainable) for _, version, trainable in self._versions),
            tuple(trainable for _, trainable in self._variables),
        )
        self._containers = [
            (layer, container, _contents(container), _outline(container))
            for layer in layers
            for value in layer.__dict__["_tracked"].values()
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
            if any(variable.trainable is not trainable for variable, trainable in self._variables):
                return False
            self._change = change  # it was elsewhere
        for layer, container, before, outline in self._containers:
            now = _contents(container)
            if len(now) != len(before) or not all(map(is_, now, before)):
                if _outline(container) != outline:
                    layer._count_change()  # which lists and dictionaries do not
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


def _outline(value: Any) -> Any:
    """Which layers, metrics and variables a value contains, and where; None where there are none. A list in which a
    user writes down the losses of all steps is to cost no new trace."""
    if isinstance(value, (Tracked, Variable)):
        return id(value)
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [(key, part) for key, item in value.items() if (part := _outline(item)) is not None]
    elif isinstance(value, (list, tuple)):
        parts = [part for item in value if (part := _outline(item)) is not None]
    return parts or None
