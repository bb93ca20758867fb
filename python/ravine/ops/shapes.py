"""Shapes and dtypes: reshape, transpose, broadcast, cast, one-hot and their kin.

The batch is the one free dimension. It is None in a traced shape and stays in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ravine.ops import math
from ravine.ops._dtypes import axis_of, listed, shape_of, tag
from ravine.ops.tracing import SymbolicTensor, apply, current
from ravine.tensor import KerasTensor, Tensor, as_tensor, standardize_dtype, tag_of
from ravine.variable import Variable


def shape(x: Any) -> tuple:
    """The shape as a tuple, with None for the batch of a traced tensor."""
    return shape_of(x)


def ndim(x: Any) -> int:
    """The number of dimensions"""
    return len(shape_of(x))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor: traced, eager or a variable"""
    return isinstance(x, (SymbolicTensor, Tensor, Variable))


def array(x: Any, dtype: Any = None) -> Any:
    """As `convert_to_tensor`"""
    return convert_to_tensor(x, dtype)


def copy(x: Any) -> Any:
    """The same values in memory of their own"""
    return apply("copy", [x], None, tag(x))


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """`x` as a tensor. Float32 arrays are not copied; a variable becomes the tensor that reads it,
    or outside of a trace a copy of its values. `sparse` and
    `ragged` mean nothing here."""
    if isinstance(x, (SymbolicTensor, KerasTensor)):
        return x if dtype is None else cast(x, dtype)
    if isinstance(x, Variable):
        x = x.value if current() is not None else as_tensor(x.numpy())
        return x if dtype is None else cast(x, dtype)
    array = np.asarray(x)
    if dtype is None:
        dtype = {"f": "float32"}.get(array.dtype.kind, array.dtype)
    return as_tensor(np.asarray(array, dtype=np.dtype(dtype)))


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a plain NumPy array; raises TypeError for a traced tensor."""
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def cast(x: Any, dtype: Any) -> Any:
    """Convert to a dtype. Floats lose their fraction (towards 0) on the way to integers; all but 0 is True."""
    wanted = standardize_dtype(dtype)
    if not isinstance(x, (SymbolicTensor, KerasTensor)) and not (isinstance(x, Variable) and current() is not None):
        if x is None:
            raise TypeError(
                "ops.cast: received None. The batch size is not known while a function is traced: write "
                "ops.batch_size(x) or ops.size(x) instead of ops.shape(x)[0]."
            )
        return as_tensor(np.asarray(x.array if isinstance(x, Variable) else x).astype(wanted))
    wanted = "float32" if wanted in ("float16", "bfloat16") else tag_of(wanted)
    if tag(x) == wanted:
        return convert_to_tensor(x)
    if wanted == "bool":
        return math.not_equal(x, 0.0)
    if wanted == "int32" and tag(x) == "float32":
        return apply("multiply", [math.sign(x), math.floor(math.absolute(x))], dtype="int32")
    if isinstance(x, KerasTensor):
        return apply("copy", [x], dtype=wanted)
    x = convert_to_tensor(x)
    return SymbolicTensor(x.trace, x.id, x.shape, wanted)


def reshape(x: Any, newshape: int | Sequence[int | None]) -> Any:
    """The same values in another shape.

    One size may be -1. When `x` has a free batch, the new shape must begin with -1 (or None), which keeps the batch.
    Raises ValueError when the sizes do not fit.
    """
    old = shape_of(x)
    sizes = (newshape,) if isinstance(newshape, int) else tuple(newshape)
    new = [-1 if size is None else int(size) for size in sizes]
    if new.count(-1) > 1 and not (old[:1] == (None,) and new[0] == -1 and new[1:].count(-1) == 1):
        raise ValueError(f"ops.reshape: only one dimension can be inferred, received shape {sizes}.")
    if old[:1] == (None,):
        if not new or new[0] != -1:
            raise ValueError(f"ops.reshape: the shape must begin with -1 to keep the batch of {old}, received {sizes}.")
        rest = _infer(new[1:], prod(old[1:]))
        if prod(rest) != prod(old[1:]):
            raise ValueError(f"ops.reshape: cannot reshape {old} to {sizes}: the batch must stay as it is.")
        new = [-1, *rest]
    else:
        new = _infer(new, prod(old))
        if prod(new) != prod(old):
            raise ValueError(f"ops.reshape: cannot reshape {old} to {sizes}.")
    return apply("reshape", [x], {"shape": new}, tag(x))


def _infer(sizes: list[int], total: int) -> list[int]:
    if -1 not in sizes:
        return sizes
    known = prod(size for size in sizes if size != -1)
    return [total // known if size == -1 and known else size for size in sizes]


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """Insert a dimension of size 1 at `axis` of the result, or at each of several."""
    old = shape_of(x)
    places = listed(axis)
    axes = sorted({axis_of(i, len(old) + len(places)) for i in places})
    if len(axes) != len(places):
        raise ValueError(f"ops.expand_dims: repeated axis in {axis}.")
    if 0 in axes and old[:1] == (None,):
        raise ValueError(f"ops.expand_dims: the batch must stay in front, received shape {old} and axis {axis}.")
    sizes = list(old)
    for i in axes:
        sizes.insert(i, 1)
    return reshape(x, sizes)


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Remove dimensions of size 1: those of `axis`, or all of them."""
    old = shape_of(x)
    if axis is None:
        axes = [i for i, size in enumerate(old) if size == 1]
    else:
        axes = [axis_of(i, len(old)) for i in listed(axis)]
    if any(old[i] != 1 for i in axes):
        raise ValueError(f"ops.squeeze: expected size 1 at axis {axis}, received shape {old}.")
    return reshape(x, [size for i, size in enumerate(old) if i not in axes])


def ravel(x: Any) -> Any:
    """All values in one row"""
    return reshape(x, (-1,))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Permute the dimensions; by default reverse them. A free batch must stay in front."""
    old = shape_of(x)
    axes = list(range(len(old)))[::-1] if axes is None else [axis_of(i, len(old)) for i in axes]
    if axes == list(range(len(old))):
        return convert_to_tensor(x)
    if old[:1] == (None,) and axes[:1] != [0]:
        raise ValueError(
            f"ops.transpose: the batch must stay in front, received shape {old} and axes {tuple(axes)}. A product over "
            'the batch is ops.einsum("bi,bj->ij", x, y).'
        )
    return apply("transpose", [x], {"perm": axes}, tag(x))


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move dimensions to other places; the others keep their order."""
    rank = len(shape_of(x))
    origins, targets = ([axis_of(i, rank) for i in listed(axes)] for axes in (source, destination))
    if len(origins) != len(targets) or len(set(origins)) < len(origins) or len(set(targets)) < len(targets):
        raise ValueError(f"ops.moveaxis: expected as many places as axes, received {source} and {destination}.")
    order = [i for i in range(rank) if i not in origins]
    for target, origin in sorted(zip(targets, origins, strict=True)):
        order.insert(target, origin)
    return transpose(x, order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two dimensions."""
    rank = len(shape_of(x))
    order = list(range(rank))
    first, second = axis_of(axis1, rank), axis_of(axis2, rank)
    order[first], order[second] = second, first
    return transpose(x, order)


def broadcast_to(x: Any, shape: Sequence[int | None]) -> Any:
    """Repeat `x` to fill `shape`, by NumPy's rules; None or -1 in front stands for the batch."""
    sizes = [-1 if size is None else int(size) for size in shape]
    trace = current()
    if trace is not None and -1 in sizes:
        x = trace.tensor(x)  # numbers that are there are repeated for a batch that is not
    return apply("broadcast_to", [x], {"shape": sizes}, tag(x))


def zeros(shape: int | Sequence[int | None], dtype: Any = None) -> Any:
    """Zeros of a shape, which may begin with None (the batch) while a function is traced"""
    return full(shape, 0, dtype)


def ones(shape: int | Sequence[int | None], dtype: Any = None) -> Any:
    """Ones of a shape, which may begin with None (the batch) while a function is traced"""
    return full(shape, 1, dtype)


def full(shape: int | Sequence[int | None], fill_value: Any, dtype: Any = None) -> Any:
    """One value repeated over a shape, which may begin with None (the batch) while a function is traced"""
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    trace = current()
    if None not in sizes and not isinstance(fill_value, (SymbolicTensor, Variable)):
        return as_tensor(np.full([int(n) for n in sizes if n is not None], fill_value, standardize_dtype(dtype)))
    if trace is None:
        raise ValueError(f"Expected a fixed shape, received {sizes}: None stands for the batch of a traced function.")
    return cast(broadcast_to(fill_value, sizes), "float32" if dtype is None else dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on a diagonal, zeros elsewhere"""
    return as_tensor(np.eye(N, M, k, standardize_dtype(dtype)))


def identity(n: int, dtype: Any = None) -> Any:
    """The identity matrix"""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on and below a diagonal, zeros above"""
    return as_tensor(np.tri(N, M, k, standardize_dtype(dtype)))


def empty(shape: int | Sequence[int | None], dtype: Any = None) -> Any:
    """As `zeros`: nothing is left uninitialized here"""
    return zeros(shape, dtype)


def full_like(x: Any, fill_value: float, dtype: Any = None) -> Any:
    """One value in the shape of `x`, batch included"""
    if not isinstance(x, (SymbolicTensor, KerasTensor)):
        return full(shape_of(x), fill_value, tag(x) if dtype is None else dtype)
    # isnan is 0 or 1 whatever x holds, so that times 0 it is surely 0.
    attrs = {"scale": 0.0, "offset": float(fill_value)}
    return apply("affine", [math.isnan(x)], attrs, tag(x) if dtype is None else tag_of(standardize_dtype(dtype)))


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of `x`, batch included"""
    return full_like(x, 0.0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `x`, batch included"""
    return full_like(x, 1.0, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """As `zeros_like`"""
    return zeros_like(x, dtype)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Rows with a 1 at the class index and 0 elsewhere: shape (...) -> (..., num_classes).

    Args:
        x: class indices from 0 to num_classes - 1.
        axis: where the new dimension goes.
    """
    wanted = "float32" if dtype is None else tag_of(standardize_dtype(dtype))
    result = apply("one_hot", [x], {"classes": int(num_classes)}, wanted)
    return result if axis == -1 else moveaxis(result, -1, axis)


def size(x: Any) -> Any:
    """The number of elements: an integer, or a traced scalar where the batch is free."""
    sizes = shape_of(x)
    return math.multiply(batch_size(x), float(prod(sizes[1:]))) if None in sizes else prod(sizes)


def batch_size(x: Any) -> Any:
    """How many samples `x` holds, as a float32 scalar: the size of its first dimension."""
    size = shape_of(x)[0]
    return apply("batch_size", [x]) if size is None else as_tensor(np.asarray(size, np.float32))


def dtype(x: Any) -> str:
    """The name of the dtype of `x`"""
    return standardize_dtype(getattr(x, "dtype", tag(x)))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """As `cast`, with the nearest value that the dtype can hold for those beyond its range"""
    wanted = standardize_dtype(dtype)
    if wanted in ("float32", "float64", "bfloat16"):
        return cast(x, wanted)
    limits: Any = np.finfo(wanted) if wanted == "float16" else None if wanted == "bool" else np.iinfo(wanted)
    low, high = (0, 1) if limits is None else (limits.min, limits.max)
    traced = isinstance(x, (SymbolicTensor, KerasTensor)) or (isinstance(x, Variable) and current() is not None)
    number = np.float32 if traced else np.float64
    top = number(high) if int(number(high)) <= int(high) else np.nextafter(number(high), number(0))
    if traced:
        return cast(math.clip(x, float(low), float(top)), wanted)
    return cast(np.clip(np.asarray(convert_to_numpy(x), np.float64), float(low), top), wanted)


def view(x: Any, dtype: Any = None) -> Any:
    """The bits of `x` read as another dtype. While a function is traced there is but one dtype to read them as."""
    x = convert_to_tensor(x)
    if dtype is None or standardize_dtype(dtype) == standardize_dtype(x.dtype):
        return x
    if not isinstance(x, np.ndarray):
        raise NotImplementedError("ops.view: the bits of a traced tensor are those of float32; see ops.cast.")
    return as_tensor(np.asarray(x).view(standardize_dtype(dtype)))
