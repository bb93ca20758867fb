"""ravine.tree beside keras.tree."""

from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import pytest

from ravine import tree

Pair = namedtuple("Pair", "a b")
NESTED = {"b": [1, (2, None)], "a": Pair(3, [])}
CALLS: list[Callable[[Any], Any]] = [
    lambda t: t.flatten(NESTED),
    lambda t: t.flatten(None),
    lambda t: t.flatten(OrderedDict(b=1, a=2)),
    lambda t: t.flatten_with_path(NESTED),
    lambda t: t.flatten({2: 1, 1: 0}),
    lambda t: [t.is_nested(x) for x in ([], (), {}, "ab", {1}, 3, None, Pair(1, 2))],
    lambda t: t.map_structure(lambda x: x, NESTED),
    lambda t: t.map_structure(lambda x: x, OrderedDict(b=1, a=2)),
    lambda t: t.map_structure(lambda x: x + 1, defaultdict(int, b=1)),
    lambda t: t.map_structure(lambda x, y: (x, y), {"a": [1, 2]}, {"a": [3, 4]}),
    lambda t: t.map_structure(str, {"a": None}),
    lambda t: t.map_structure(lambda x, y: (x, y), [1, [2]], [3, [4]]),
    lambda t: t.map_structure(lambda x, y: (x, y), [1, 2], (3, 4)),
    lambda t: t.map_structure(lambda x, y: (x, y), [1, 2], [3]),
    lambda t: t.map_structure(lambda x, y: (x, y), {"a": 1}, {"b": 2}),
    lambda t: t.map_structure(lambda x, y: (x, y), [1], [[2]]),
    lambda t: t.map_structure(lambda *x: x),
    lambda t: t.map_structure(3, [1]),
    lambda t: t.map_structure_up_to([1, 2], lambda x, y: (x, y), [[1], 2], [3, [4, 5]]),
    lambda t: t.map_structure_up_to([1, 2], lambda x: x, [1]),
    lambda t: t.pack_sequence_as(NESTED, [10, 20, 30, 40]),
    lambda t: t.pack_sequence_as({"b": 1, "a": 2}, [5, 6]),
    lambda t: t.pack_sequence_as(OrderedDict(b=1, a=2), [5, 6]),
    lambda t: t.pack_sequence_as(1, [10]),
    lambda t: t.pack_sequence_as(1, [10, 1]),
    lambda t: t.pack_sequence_as(NESTED, [10]),
    lambda t: t.assert_same_structure([1, {"a": 2}], [3, {"a": 4}]),
    lambda t: t.assert_same_structure([1], (1,)),
    lambda t: t.assert_same_structure([1], [1, 2]),
    lambda t: t.assert_same_structure({"a": 1}, {"b": 1}),
    lambda t: t.assert_same_paths([1], (1,)),
    lambda t: t.assert_same_paths([1], {0: 1, 1: 2}),
    lambda t: t.lists_to_tuples([1, [2, {"a": [3]}]]),
    lambda t: t.map_shape_structure(lambda shape: shape, {"a": (None, 3), "b": [(1, 2), [4]]}),
    lambda t: t.traverse(lambda x: x + 1 if isinstance(x, int) else None, [1, [2]]),
    lambda t: t.traverse(lambda x: t.MAP_TO_NONE if x == 1 else None, [1, [2]]),
    lambda t: t.traverse(lambda x: sum(x) if isinstance(x, list) else None, [1, [2, 3]], top_down=False),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_as_in_keras(number: int) -> None:
    theirs, call = pytest.importorskip("keras").tree, CALLS[number]
    try:
        expected = call(theirs)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            call(tree)
    else:
        got = call(tree)
        assert got == expected
        assert type(got) is type(expected)
        assert str(got) == str(expected)  # the order of dictionaries, and the types inside


def test_none_may_be_no_leaf() -> None:
    assert tree.map_structure(str, [None, 1], none_is_leaf=False) == [None, "1"]


def test_keys_of_several_types() -> None:
    assert sorted(map(str, tree.flatten({"a": 1, 2: 3}))) == ["1", "3"]


def test_every_name_is_here() -> None:
    theirs = pytest.importorskip("keras").tree
    assert {name for name in dir(theirs) if not name.startswith("_")} == set(tree.__all__)
