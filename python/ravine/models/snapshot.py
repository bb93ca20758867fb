"""Snapshot: tells cheaply, before every step, whether a model is still what its programs were traced from."""

from __future__ import annotations

from typing import Any


class Snapshot:
    """The state of a model's layers at one moment.

    Attributes:
        metrics: the metrics that layers hold.
    """

    __slots__ = ("_containers", "_versions", "metrics")

    def __init__(self, layers: list[Any], metrics: list[Any]) -> None:
        self.metrics = metrics
        self._versions = [
            (layer.__dict__, layer.__dict__["_version"], layer.__dict__["_trainable"]) for layer in layers
        ]
        # Appending to a list of layers does not count as a change of the attribute that holds it.
        self._containers = [
            (value, [*map(id, value)])
            for layer in layers
            for value in layer.__dict__["_tracked"].values()
            if type(value) in (list, dict)
        ]

    def holds(self) -> bool:
        """Whether nothing has changed since."""
        for state, version, trainable in self._versions:
            if state["_version"] != version or state["_trainable"] is not trainable:
                return False
        return all([*map(id, value)] == ids for value, ids in self._containers)
