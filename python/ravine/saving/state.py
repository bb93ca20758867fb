"""The state of a model: which objects hold variables, and where in a file each belongs.

The paths are those of Keras: the attribute under which an object is held, and inside of lists and dictionaries its
class in snake case, numbered. ``layers`` comes first for models that list their layers, then the attributes in
alphabetical order, private ones last. An object that is held twice is stored at its first place only.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from ravine._names import to_snake_case
from ravine.layers.layer import Layer
from ravine.optimizers.optimizer import Optimizer
from ravine.random import SeedGenerator
from ravine.variable import Variable

_HOLDERS = (Layer, Optimizer)
_CONTAINERS = (list, tuple, dict)


class StateFile:
    """A file of variables: those of each object have a place of their own, which is a dictionary of arrays."""

    def read(self, path: str, owner: Any) -> Mapping[str, np.ndarray]:
        """The variables of the object at a path; empty when there are none."""
        raise NotImplementedError

    def write(self, path: str, owner: Any) -> MutableMapping[str, Any]:
        """An empty place for the variables of the object at a path."""
        raise NotImplementedError


def all_variables(model: Any) -> list[Variable]:
    """The variables of a model and of its optimizers, each once."""
    found: dict[int, Variable] = {}
    for _, owner in _walk(model, "", set()):
        own = owner._own_variables() if isinstance(owner, Layer) else owner.variables
        found.update((id(variable), variable) for variable in own)
    return list(found.values())


def _walk(owner: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(owner) in seen:
        return
    yield path, owner
    seen.add(id(owner))
    for name, value in _attributes(owner):
        inner = f"{path}/{name}" if path else name
        if isinstance(value, _HOLDERS):
            yield from _walk(value, inner, seen)
        elif isinstance(value, _CONTAINERS):
            yield from _walk_container(value, inner, seen)


def _walk_container(container: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    counts: dict[str, int] = {}
    for value in container.values() if isinstance(container, dict) else container:
        holder = isinstance(value, _HOLDERS)
        if not holder and not isinstance(value, _CONTAINERS):
            continue
        name = to_snake_case(type(value).__name__) if holder else "container"
        count = counts[name] = counts.get(name, -1) + 1
        inner = f"{path}/{name}_{count}" if count else f"{path}/{name}"
        yield from (_walk if holder else _walk_container)(value, inner, seen)


def _attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    models = sys.modules["ravine.models"]
    is_model = isinstance(owner, models.Model)
    lists_layers = is_model and (isinstance(owner, models.Sequential) or owner._network is not None)
    if lists_layers:
        yield "layers", owner.layers
    hidden = _hidden()
    names = {name for name in vars(owner) if name not in hidden}
    for cls in type(owner).__mro__:  # what users define in their classes, such as a property that returns a layer
        if cls.__module__.split(".")[0] not in ("ravine", "builtins"):
            names.update(name for name in vars(cls) if not name.startswith("__") and name not in hidden)
    if is_model and not lists_layers:
        names.add("layers")
    for name in sorted(names, key=lambda name: (name.startswith("_"), name)):
        try:
            value = getattr(owner, name)
        except Exception:  # properties of users may need what is not there yet
            continue
        yield name, value


@cache
def _hidden() -> frozenset[str]:
    """What every layer and model keeps to itself."""
    models = sys.modules["ravine.models"]
    names = {"layers", "loss", "_network_layers", *vars(models.Model(name="")), *vars(models.Sequential(name=""))}
    return frozenset(names - {"optimizer"})


def _generators(owner: Any) -> list[tuple[str, SeedGenerator]]:
    return [(name, value) for name, value in vars(owner).items() if isinstance(value, SeedGenerator)]


def size_of(model: Any) -> int:
    """The bytes that the variables of a model take."""
    return sum(variable.array.nbytes for variable in all_variables(model))


@contextmanager
def all_or_nothing(model: Any) -> Iterator[None]:
    """When the block ends with an error, the variables of the model are as they were before."""
    before = [(variable, variable.numpy()) for variable in all_variables(model)]
    try:
        yield
    except BaseException:
        for variable, values in before:
            variable.assign(values)
        raise


# Writing.


def save_state(model: Any, file: StateFile) -> None:
    """Write the variables of a model, its optimizer included, to a file.

    Random streams are written as Keras up to 3.4 did: seed and counter in the group of the generator.
    """
    for path, owner in _walk(model, "", set()):
        owner.save_own_variables(file.write(path, owner))
        for name, generator in _generators(owner):
            state = np.array([generator.seed, int(generator.state) % 2**32], np.uint32)
            file.write(f"{path}/{name}" if path else name, generator)["0"] = state


# Reading.


def load_state(
    model: Any, file: StateFile, source: Any, skip_mismatch: bool = False, objects_to_skip: Any = None
) -> None:
    """Fill the variables of a model from a file, but for the objects to skip.

    Raises:
        ValueError: something does not fit; then nothing has changed. With `skip_mismatch` it is left as it is and a
            warning says so.
    """
    seen = {id(skipped) for skipped in objects_to_skip or ()}
    failures: dict[int, tuple[str, Any, Exception]] = {}
    with all_or_nothing(model):
        for path, owner in _walk(model, "", seen):
            try:
                _fill(owner, file.read(path, owner), model)
            except Exception as error:
                # It may be that an object has another place in the file and is found there later.
                failures[id(owner)] = (path, owner, error)
                seen.discard(id(owner))
            else:
                failures.pop(id(owner), None)
                for name, generator in _generators(owner):
                    _restore_stream(owner, generator, file.read(f"{path}/{name}" if path else name, generator))
        if failures:
            message = _failure_message(source, list(failures.values()))
            if not skip_mismatch:
                raise ValueError(f"{message} Pass skip_mismatch=True to load only what fits.")
            warnings.warn(message, stacklevel=4)


def _fill(owner: Any, store: Any, model: Any) -> None:
    if isinstance(owner, Optimizer):
        if len(store) > len(owner.variables) and owner is model.__dict__.get("optimizer"):
            owner._ensure_built(model.trainable_variables)
        own = owner.variables
        if len(store) < len(own) and all(store[str(i)].shape == own[i].shape == () for i in range(len(store))):
            # It had not made a step when it was saved, and the slots stay at their beginning.
            for index in range(len(store)):
                own[index].assign(store[str(index)])
            return
        if len(store) != len(own):
            warnings.warn(
                f"The state of the optimizer {owner.name!r} was not loaded: it has {len(own)} variables, the file "
                f"{len(store)}.",
                stacklevel=5,
            )
            return
    owner.load_own_variables(store)


def _restore_stream(layer: Any, generator: SeedGenerator, store: Any) -> None:
    state = store.get("0")
    if state is None or state.shape != (2,) or state.dtype.kind not in "iu":
        return  # of a version of Keras that kept something else
    generator.state.assign(int(state[1]))
    if generator.seed != int(state[0]):
        generator.seed = int(state[0])
        layer._count_change()  # the seed is a constant of what was traced


def _failure_message(source: Any, failures: list[tuple[str, Any, Exception]]) -> str:
    path, owner, error = failures[0]
    label = f"{type(owner).__name__} {owner.name!r}"
    told = f"the file has no {error} for it." if isinstance(error, KeyError) else str(error) or repr(error)
    told = told if told.startswith(label) else f"{label}: {told}"
    message = f"{str(source)!r}: {told} Its place in the file is {path or '/'!r}."
    if len(failures) > 1:
        others = [f"{type(other).__name__} {other.name!r}" for _, other, _ in failures[1:9]]
        more = f" and {len(failures) - 9} more" if len(failures) > 9 else ""
        message += f" Nor could {', '.join(others)}{more} be loaded."
    return message
