"""`keras.tree`: nested lists, tuples, named tuples and dictionaries, and what is at their leaves.

Dictionaries go in the order of their keys, an `OrderedDict` in its own order. None is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]


class MAP_TO_NONE:
    """What a function given to `traverse` returns for a part that None takes the place of."""


def is_nested(structure: Any) -> bool:
    """Whether this is a list, a tuple or a dictionary."""
    return isinstance(structure, (list, tuple, dict))


def flatten(structure: Any) -> list[Any]:
    """The leaves in order."""
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple, Any]]:
    """The leaves in order, each with the keys and indices that lead to it."""
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, part in _parts(structure) for path, leaf in flatten_with_path(part)]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The structure of the first with, at each leaf, `func` of the leaves that all have there.

    Args:
        none_is_leaf: False keeps None where the first has it.

    Raises:
        ValueError: the structures differ, or there is none.
    """
    if not callable(func) or not structures:
        raise (ValueError if callable(func) else TypeError)(
            f"tree.map_structure: expected a function and one structure or more, received {func!r} and "
            f"{len(structures)} structures."
        )
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    return map_structure_up_to(
        structures[0], lambda x, *rest: None if x is None and not none_is_leaf else func(x, *rest), *structures
    )


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """The shallow structure with, at each of its leaves, `func` of the parts that `structures` have there. Raises
    ValueError where one of them branches otherwise than the shallow structure."""
    if not is_nested(shallow_structure):
        return func(*structures)
    for other in structures:
        _check_alike(shallow_structure, other)
    parts = [dict(_parts(other)) for other in structures]
    results = [map_structure_up_to(part, func, *(one[key] for one in parts)) for key, part in _parts(shallow_structure)]
    return _like(shallow_structure, results)


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """`structure` with the values of a sequence at its leaves: the inverse of `flatten`. Raises ValueError when there
    are more or fewer values than leaves."""
    values, wanted = list(flat_sequence), len(flatten(structure))
    if len(values) != wanted:
        raise ValueError(f"tree.pack_sequence_as: the structure has {wanted} leaves, received {len(values)} values.")
    rest = iter(values)
    return map_structure(lambda _: next(rest), structure)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raises ValueError unless both branch in the same way, with containers of the same types. `check_types` is
    accepted for Keras' sake."""
    if is_nested(a) or is_nested(b):
        _check_alike(a, b)
        others = dict(_parts(b))
        for key, part in _parts(a):
            assert_same_structure(part, others[key])


def assert_same_paths(a: Any, b: Any) -> None:
    """Raises ValueError unless the same keys and indices lead to the leaves of both; the types of
    containers may differ."""
    first, second = ({path for path, _ in flatten_with_path(x)} for x in (a, b))
    if first != second:
        raise ValueError(f"tree.assert_same_paths: only one of the structures has {sorted(first ^ second, key=str)}.")


def lists_to_tuples(structure: Any) -> Any:
    """The same structure with tuples for lists."""
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """As `map_structure` of one structure, where lists and tuples of sizes (integers and None) are the leaves."""
    if isinstance(structure, (list, tuple)) and all(x is None or isinstance(x, int) for x in structure):
        return func(structure)
    if not is_nested(structure):
        raise ValueError(f"tree.map_shape_structure: expected shapes, received {structure!r}.")
    return _like(structure, [map_shape_structure(func, part) for _, part in _parts(structure)])


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """`structure` with what `func` returns in place of every part, containers included, for which it does not return
    None.

    Args:
        func: of a part; its result, `MAP_TO_NONE` for None, or None to keep the part and go on inside.
        top_down: whether a container comes before what is in it; what replaces it is not entered.
    """
    if top_down:
        result = func(structure)
        if result is not None:
            return None if result is MAP_TO_NONE else result
    if is_nested(structure):
        structure = _like(structure, [traverse(func, part, top_down) for _, part in _parts(structure)])
    result = None if top_down else func(structure)
    return structure if result is None else None if result is MAP_TO_NONE else result


def _parts(structure: Any) -> Iterator[tuple[Any, Any]]:
    if not isinstance(structure, dict):
        return enumerate(structure)
    if isinstance(structure, OrderedDict):
        return iter(structure.items())
    try:
        return iter(sorted(structure.items(), key=lambda item: item[0]))
    except TypeError:  # keys of several types
        return iter(sorted(structure.items(), key=lambda item: (type(item[0]).__name__, str(item[0]))))


def _like(structure: Any, parts: list[Any]) -> Any:
    """A container of the type of `structure` with other parts, in the order of `_parts`."""
    if isinstance(structure, dict):
        found = dict(zip((key for key, _ in _parts(structure)), parts, strict=True))
        items = {key: found[key] for key in structure}
        if isinstance(structure, defaultdict):
            return type(structure)(structure.default_factory, items)
        return type(structure)(items)
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)


def _check_alike(a: Any, b: Any) -> None:
    dictionaries = isinstance(a, dict) and isinstance(b, dict)
    if not dictionaries and type(a) is not type(b):
        raise ValueError(f"The structures differ: {type(a).__name__} {a!r} beside {type(b).__name__} {b!r}.")
    if (set(a) != set(b)) if dictionaries else len(a) != len(b):
        raise ValueError(f"The structures differ: {a!r} beside {b!r}.")
