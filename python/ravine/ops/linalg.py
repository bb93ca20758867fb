"""Products of matrices, vectors and tensors.

The batch, free while a function is traced, may be a leading axis of either operand, be summed over, or stay in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import diagonals, math, rearrangement, reduction, shapes, slicing, splitting
from ravine.ops._dtypes import axis_of, common, shape_of, tag
from ravine.ops.tracing import apply


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product: (..., M, K) times (..., K, N) gives (..., M, N), the leading axes being broadcast. Vectors
    count as a row (x1) or a column (x2)."""
    first, second = shape_of(x1), shape_of(x2)
    if not first or not second:
        raise ValueError(f"ops.matmul: expected matrices or vectors, received shapes {first} and {second}.")
    if len(second) == 1:
        return shapes.squeeze(matmul(x1, shapes.expand_dims(x2, -1)), -1)
    if len(first) == 1:
        return shapes.squeeze(matmul(shapes.expand_dims(x1, 0), x2), -2)
    if first[-1] != second[-2]:
        raise ValueError(
            f"ops.matmul: the last axis of x1 must be as long as the last but one of x2, received shapes {first} and "
            f"{second}."
        )
    if len(second) == 2 and second[0] is not None:
        return apply("matmul", [x1, x2], None, common(x1, x2))
    return _batched(x1, x2)


def _batched(x1: Any, x2: Any) -> Any:
    first, second = shape_of(x1), shape_of(x2)
    lead = broadcast_shapes(first[:-2], second[:-2])
    if first[:-2] != lead:
        x1 = shapes.broadcast_to(x1, (*lead, *first[-2:]))
    if second[:-2] != lead:
        x2 = shapes.broadcast_to(x2, (*lead, *second[-2:]))
    return apply("batched_matmul" if lead else "matmul", [x1, x2], None, common(x1, x2))


def broadcast_shapes(shape1: Sequence, shape2: Sequence) -> tuple:
    """The shape to which two shapes broadcast; None stands for the batch. Raises ValueError when they do not."""
    rank = max(len(shape1), len(shape2))
    pairs = [(1,) * (rank - len(shape)) + tuple(shape) for shape in (shape1, shape2)]
    sizes = []
    for a, b in zip(*pairs, strict=True):
        if a != b and 1 not in (a, b):
            raise ValueError(f"Shapes {tuple(shape1)} and {tuple(shape2)} do not broadcast together.")
        sizes.append(b if a == 1 else a)
    return tuple(sizes)


def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of x1 and the last but one (or only) axis of x2, as np.dot"""
    first, second = shape_of(x1), shape_of(x2)
    if not first or not second:
        return math.multiply(x1, x2)
    if len(second) <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, [[len(first) - 1], [len(second) - 2]])


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements"""
    return reduction.sum(math.multiply(shapes.ravel(x1), shapes.ravel(x2)))


def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axes"""
    first, second = shape_of(x1), shape_of(x2)
    if not first or not second:
        return math.multiply(x1, x2)
    return tensordot(x1, x2, [[len(first) - 1], [len(second) - 1]])


def outer(x1: Any, x2: Any) -> Any:
    """All products of an element of x1 with one of x2: a matrix"""
    return math.multiply(shapes.reshape(x1, (-1, 1)), shapes.reshape(x2, (1, -1)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over `axes`: pairs of lists, or how many last axes of x1 meet as many first ones of x2"""
    first, second = shape_of(x1), shape_of(x2)
    if isinstance(axes, (int, np.integer)):
        left, right = list(range(len(first) - int(axes), len(first))), list(range(int(axes)))
    else:
        pair = [[one] if isinstance(one, (int, np.integer)) else list(one) for one in axes]
        left = [axis_of(int(i), len(first)) for i in pair[0]]
        right = [axis_of(int(i), len(second)) for i in pair[1]]
    if len(left) != len(right) or len(first) + len(second) > len(_LETTERS):
        raise ValueError(f"ops.tensordot: axes {axes!r} do not fit shapes {first} and {second}.")
    names = iter(_LETTERS)
    a = [next(names) for _ in first]
    b = [next(names) for _ in second]
    for i, j in zip(left, right, strict=True):
        b[j] = a[i]
    kept = [name for i, name in enumerate(a) if i not in left] + [name for j, name in enumerate(b) if j not in right]
    return einsum(f"{''.join(a)},{''.join(b)}->{''.join(kept)}", x1, x2)


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Einstein's sum: ``einsum("bij,bjk->bik", x, y)``, with ``...`` for axes that are not named.

    Two operands meet in one (batched) matrix product; more of them from left to right. Of an axis that one operand
    names twice, the diagonal is taken: ``einsum("ii->i", x)``.
    """
    inputs, output = _parsed(subscripts, [shape_of(x) for x in operands])
    terms = list(zip(inputs, operands, strict=True))
    for names, x in terms:
        if len(names) != len(shape_of(x)):
            raise ValueError(f"ops.einsum: {names!r} in {subscripts!r} does not fit shape {shape_of(x)}.")
    _check_sizes(subscripts, terms)
    terms = [_diagonal(names, x) for names, x in terms]
    while len(terms) > 1:
        (a, x), (b, y), *rest = terms
        wanted = set(output).union(*(names for names, _ in rest))
        terms = [_contract(a, x, b, y, [n for n in dict.fromkeys(a + b) if n in wanted]), *rest]
    names, x = _summed(*terms[0], set(output))
    return _arranged(names, x, output)


def _parsed(subscripts: str, sizes: list[tuple]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, those of ``...`` included."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(sizes):
        raise ValueError(f"ops.einsum: {subscripts!r} names {len(inputs)} operands, received {len(sizes)}.")
    free = [letter for letter in reversed(_LETTERS) if letter not in subscripts]
    hidden = [len(size) - len(names) + 3 if "..." in names else 0 for names, size in zip(inputs, sizes, strict=True)]
    if min(hidden, default=0) < 0:
        raise ValueError(f"ops.einsum: {subscripts!r} does not fit shapes {sizes}.")
    dots = "".join(free[: max(hidden, default=0)])
    inputs = [names.replace("...", dots[len(dots) - count :]) for names, count in zip(inputs, hidden, strict=True)]
    if not arrow:
        letters = "".join(inputs)
        right = dots + "".join(sorted(n for n in set(letters) if letters.count(n) == 1 and n not in dots))
    right = right.replace("...", dots)
    if set(right) - set("".join(inputs)) or len(set(right)) != len(right):
        raise ValueError(f"ops.einsum: the result of {subscripts!r} names an axis that no operand has, or one twice.")
    return inputs, right


def _check_sizes(subscripts: str, terms: list[tuple[str, Any]]) -> None:
    known: dict[str, Any] = {}
    for names, x in terms:
        for name, size in zip(names, shape_of(x), strict=True):
            if known.setdefault(name, size) != size and 1 not in (known[name], size):
                raise ValueError(
                    f"ops.einsum: axis {name!r} of {subscripts!r} has sizes {known[name]} and {size}, received shapes "
                    f"{', '.join(str(shape_of(x)) for _, x in terms)}."
                )
            known[name] = size if known[name] == 1 else known[name]


def _diagonal(names: str, x: Any) -> tuple[str, Any]:
    """Axes of one name become one."""
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first, second = names.index(name), names.rindex(name)
            if shape_of(x)[first] != shape_of(x)[second]:
                raise ValueError(f"ops.einsum: axis {name!r} has two sizes in one operand of shape {shape_of(x)}.")
            x = diagonals.diagonal(x, 0, first, second)
            names = names[:first] + names[first + 1 : second] + names[second + 1 :] + name
    return names, x


def _summed(names: str, x: Any, kept: set[str]) -> tuple[str, Any]:
    gone = [axis for axis, name in enumerate(names) if name not in kept]
    return "".join(n for n in names if n in kept), reduction.sum(x, gone) if gone else x


def _arranged(names: str, x: Any, wanted: str) -> Any:
    return (
        shapes.transpose(x, [names.index(name) for name in wanted]) if names != wanted else shapes.convert_to_tensor(x)
    )


def _contract(a: str, x: Any, b: str, y: Any, wanted: list[str]) -> tuple[str, Any]:
    """Two operands become one that has the axes `wanted`, in an order of its own."""
    a, x = _summed(a, x, {*b, *wanted})
    b, y = _summed(b, y, {*a, *wanted})
    sizes = dict(zip(a, shape_of(x), strict=True))
    other = dict(zip(b, shape_of(y), strict=True))
    shared = [n for n in a if n in b and n in wanted]
    met = [n for n in a if n in b and n not in wanted]
    rows, columns = [n for n in a if n not in b], [n for n in b if n not in a]
    free = [n for n in (*a, *b) if sizes.get(n, 0) is None or other.get(n, 0) is None]
    batch = free[0] if free else None
    if not met or any(sizes[n] != other[n] for n in (*shared, *met)):
        return _multiplied(a, x, b, y, wanted)
    if batch in columns:  # the free axis goes into the rows
        return _contract(b, y, a, x, wanted)

    if batch in met:
        if shared:
            return _multiplied(a, x, b, y, wanted)
        # X^T Y: the batch stays in front of both until it is summed away.
        met = [batch, *(n for n in met if n != batch)]
        lead = [sizes[n] for n in met]
        left = shapes.reshape(_arranged(a, x, "".join([*met, *rows])), [*lead, prod(sizes[n] for n in rows)])
        right = shapes.reshape(_arranged(b, y, "".join([*met, *columns])), [*lead, prod(other[n] for n in columns)])
        product = apply("matmul", [left, right], {"transpose_a": 1, "transpose_b": 0})
    elif shared:
        if batch is not None:
            if batch not in shared:
                return _multiplied(a, x, b, y, wanted)
            shared = [batch, *(n for n in shared if n != batch)]
        heads = [sizes[n] for n in shared]
        left = _arranged(a, x, "".join([*shared, *rows, *met]))
        left = shapes.reshape(left, [*heads, prod(sizes[n] for n in rows), prod(sizes[n] for n in met)])
        right = _arranged(b, y, "".join([*shared, *met, *columns]))
        right = shapes.reshape(right, [*heads, prod(other[n] for n in met), prod(other[n] for n in columns)])
        product = apply("batched_matmul", [left, right], {})
    else:
        if batch is not None:
            rows = [batch, *(n for n in rows if n != batch)]
        left = shapes.reshape(
            _arranged(a, x, "".join([*rows, *met])), [*(sizes[n] for n in rows), prod(sizes[n] for n in met)]
        )
        right = _arranged(b, y, "".join([*met, *columns]))
        right = shapes.reshape(right, [prod(other[n] for n in met), prod(other[n] for n in columns)])
        product = apply("matmul", [left if rows else shapes.expand_dims(left, 0), right])
    names = [*shared, *rows, *columns]
    return "".join(names), shapes.reshape(product, [sizes.get(n, other.get(n)) for n in names])


def _multiplied(a: str, x: Any, b: str, y: Any, wanted: list[str]) -> tuple[str, Any]:
    """Element by element, then summed: where no matrix product fits."""
    names = list(dict.fromkeys(a + b))
    known = {**dict(zip(b, shape_of(y), strict=True)), **dict(zip(a, shape_of(x), strict=True))}
    free = [n for n in names if known[n] is None]
    names = [*free, *(n for n in names if n not in free)]
    spread = []
    for own, value in ((a, x), (b, y)):
        order = "".join(n for n in names if n in own)
        have = dict(zip(own, shape_of(value), strict=True))
        spread.append(shapes.reshape(_arranged(own, value, order), [have.get(n, 1) for n in names]))
    return _summed("".join(names), math.multiply(*spread), set(wanted))


def kron(x1: Any, x2: Any) -> Any:
    """The Kronecker product: each element of x1 times the whole of x2, in its place"""
    first, second = shape_of(x1), shape_of(x2)
    rank = max(len(first), len(second))
    first, second = ((1,) * (rank - len(sizes)) + tuple(sizes) for sizes in (first, second))
    if None in second or (None in first and second[0] != 1):
        raise ValueError(f"ops.kron: the batch cannot be repeated, received shapes {first} and {second}.")
    left = shapes.reshape(x1, [size for one in first for size in (one, 1)])
    right = shapes.reshape(x2, [size for one in second for size in (1, one)])
    whole = [None if a is None else a * b for a, b in zip(first, second, strict=True)]
    return shapes.reshape(math.multiply(left, right), whole)


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of 3 or 2 components, which lie along `axisa`, `axisb` and, in the result, `axisc`;
    or all along `axis`. Of two vectors of 2 components it is the third component alone."""
    if axis is not None:
        axisa = axisb = axisc = axis
    counts = [shape_of(x)[axis_of(i, len(shape_of(x)))] for x, i in ((x1, axisa), (x2, axisb))]
    if not set(counts) <= {2, 3}:
        raise ValueError(f"ops.cross: expected vectors of 2 or 3 components, received {counts[0]} and {counts[1]}.")
    a, b = splitting.unstack(x1, axis=axisa), splitting.unstack(x2, axis=axisb)
    third = math.subtract(math.multiply(a[0], b[1]), math.multiply(a[1], b[0]))
    if counts == [2, 2]:
        return third
    if counts == [3, 3]:
        first = math.subtract(math.multiply(a[1], b[2]), math.multiply(a[2], b[1]))
        second = math.subtract(math.multiply(a[2], b[0]), math.multiply(a[0], b[2]))
    elif counts[0] == 3:
        first, second = math.negative(math.multiply(a[2], b[1])), math.multiply(a[2], b[0])
    else:
        first, second = math.multiply(a[1], b[2]), math.negative(math.multiply(a[0], b[2]))
    return shapes.moveaxis(slicing.stack([first, second, third], -1), -1, axisc)


def cdist(x: Any, y: Any) -> Any:
    """The distances between the vectors of two sets: (..., m, d) and (..., n, d) give (..., m, n). The gradient between
    equal vectors is 0."""
    first, second = shape_of(x), shape_of(y)
    if len(first) < 2 or len(second) < 2 or first[-1] != second[-1]:
        raise ValueError(f"ops.cdist: expected shapes (..., m, d) and (..., n, d), received {first} and {second}.")
    gaps = math.subtract(shapes.expand_dims(x, -2), shapes.expand_dims(y, -3))
    total = reduction.sum(math.square(gaps), -1)
    same = math.equal(total, 0.0)
    return math.where(same, 0.0, math.sqrt(math.where(same, 1.0, total)))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector's elements in `N` columns (None: as many as elements), the highest first unless
    `increasing`"""
    sizes = shape_of(x)
    count = sizes[0] if N is None and len(sizes) == 1 else N
    if len(sizes) != 1 or count is None or count < 0:
        raise ValueError(f"ops.vander: expected a vector and a number of columns, received shape {sizes} and N={N}.")
    if count == 0:
        return shapes.zeros((*sizes, 0), tag(x))
    column = shapes.expand_dims(x, 1)
    steps = slicing.concatenate([shapes.ones_like(column), *[column] * (count - 1)], 1)
    powers = reduction.cumprod(steps, 1)
    return powers if increasing else rearrangement.fliplr(powers)
