"""Ports: how the arrays that users pass belong to the inputs or outputs of a model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import _tree
from ravine.models.arrays import as_array


@dataclass(frozen=True)
class Port:
    """One input or output of a model; the shape has None for the batch, or is None when it is not known."""

    name: str
    shape: tuple[int | None, ...] | None = None


class Ports:
    """The inputs or the outputs of a model.

    Args:
        structure: a Port, or a list, tuple or dict of them; None when only tracing the model will tell.
        what: "x" or "y", for the messages.
    """

    def __init__(self, structure: Any, what: str) -> None:
        self._structure = structure
        self._what = what
        self._ports: list[Port] = [] if structure is None else _tree.leaves(structure)

    def arrange(self, value: Any) -> Any:
        """The arrays of `value` in the structure of the ports: by position from a list or tuple, by name from a dict.
        Outputs may be None, or missing in a dict: those without a loss need no targets. A dict may hold more than the
        inputs, with a warning.

        Raises:
            ValueError: something is missing or left over (the message names it), or is not an array.
            TypeError: something is not numeric.
        """
        if self._structure is None:
            return self._guessed(value)
        if isinstance(self._structure, Port):
            return _adapted(as_array(self._only(value), self._what), self._structure, self._what)
        keys = list(self._structure) if isinstance(self._structure, dict) else [port.name for port in self._ports]
        if isinstance(value, dict):
            parts = self._by_name(value, keys)
        elif isinstance(value, (list, tuple)) and len(value) == len(self._ports):
            parts = list(value)
        elif len(self._ports) == 1:
            parts = [value]
        else:
            count = f"{len(value)} values" if isinstance(value, (list, tuple)) else f"one {type(value).__name__}"
            role = "inputs" if self._what == "x" else "outputs"
            raise ValueError(
                f"{self._what}: the model has {len(self._ports)} {role} ({', '.join(keys)}); expected a list of as "
                f"many arrays or a dict of them, received {count}."
            )
        arrays = iter(
            [
                None
                if part is None and self._what == "y"
                else _adapted(as_array(part, f"{self._what}[{key!r}]"), port, self._what)
                for part, key, port in zip(parts, keys, self._ports, strict=True)
            ]
        )
        return _tree.mapped(lambda _: next(arrays), self._structure)

    def _only(self, value: Any) -> Any:
        if isinstance(value, dict):
            if len(value) != 1:
                given = ", ".join(map(str, value))
                raise ValueError(f"{self._what}: expected one array, received a dict of {len(value)}: {given}.")
            return next(iter(value.values()))
        return unwrapped(value)

    def _by_name(self, value: dict, keys: list[str]) -> list[Any]:
        for accepted in (keys, [port.name for port in self._ports]):
            if set(value) == set(accepted):
                return [value[name] for name in accepted]
            if self._what == "y" and value and set(value) < set(accepted):
                return [value.get(name) for name in accepted]
            if self._what == "x" and set(accepted) < set(value):
                left = ", ".join(repr(name) for name in value if name not in accepted)
                warnings.warn(f"x: the model does not take {left}.", stacklevel=2)
                return [value[name] for name in accepted]
        missing = [repr(name) for name in keys if name not in value]
        unknown = [repr(name) for name in value if name not in keys]
        raise ValueError(
            f"{self._what}: expected a dict with {', '.join(map(repr, keys))}"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; not known: {', '.join(unknown)}" if unknown else "")
            + "."
        )

    def _guessed(self, value: Any) -> Any:
        """A dict, or a list of arrays with two axes or more, is a structure; everything else one array."""
        if isinstance(value, dict):
            return {key: as_array(part, f"{self._what}[{key!r}]") for key, part in value.items()}
        value = unwrapped(value)
        if isinstance(value, (list, tuple)) and value and all(getattr(part, "ndim", 0) >= 2 for part in value):
            return type(value)([as_array(part, f"{self._what}[{i}]") for i, part in enumerate(value)])
        return as_array(value, self._what)


def ports_of(tensors: Any, names: list[str], what: str) -> Ports:
    """The ports for a structure of KerasTensors."""
    remaining = iter(names)
    return Ports(_tree.mapped(lambda x: Port(next(remaining), tuple(x.shape)), tensors), what)


def unwrapped(value: Any) -> Any:
    """`[x]` with one array is that array."""
    alone = isinstance(value, (list, tuple)) and len(value) == 1 and getattr(value[0], "ndim", 0) >= 2
    return value[0] if alone else value


def _adapted(array: np.ndarray, port: Port, what: str) -> np.ndarray:
    """For inputs: a last axis of size 1 is added or dropped where the model has the other rank."""
    if port.shape is None:
        return array
    rank = len(port.shape)
    if what == "x" and array.ndim == rank - 1 and port.shape[-1] == 1:
        return array[..., None]
    if what == "x" and array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array
