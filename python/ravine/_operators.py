"""Python's operators for traced tensors and variables, each of them an op."""

from __future__ import annotations

from typing import Any

import numpy as np


class Operators:
    """Mixin: arithmetic and comparison through `ravine.ops`, from either side, with NumPy functions mapped too."""

    def __add__(self, other: Any) -> Any:
        return _ops().add(self, other)

    def __radd__(self, other: Any) -> Any:
        return _ops().add(other, self)

    def __sub__(self, other: Any) -> Any:
        return _ops().subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _ops().subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return _ops().multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _ops().multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return _ops().divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _ops().divide(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _ops().floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _ops().floor_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return _ops().mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return _ops().mod(other, self)

    def __pow__(self, other: Any) -> Any:
        return _ops().power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return _ops().power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return _ops().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _ops().matmul(other, self)

    def __neg__(self) -> Any:
        return _ops().negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return _ops().absolute(self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return _ops().round(self, ndigits or 0)

    def __and__(self, other: Any) -> Any:
        return _ops().logical_and(_truth(self), _truth(other))

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return _ops().logical_or(_truth(self), _truth(other))

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return _ops().logical_xor(_truth(self), _truth(other))

    __rxor__ = __xor__

    def __invert__(self) -> Any:
        return _ops().logical_not(_truth(self))

    def __gt__(self, other: Any) -> Any:
        return _ops().greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return _ops().greater_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return _ops().less(self, other)

    def __le__(self, other: Any) -> Any:
        return _ops().less_equal(self, other)

    def __eq__(self, other: Any) -> Any:
        """Element by element against numbers, arrays and tensors; with anything else, whether it is the same object."""
        return _ops().equal(self, other) if _is_operand(other) else self is other

    def __ne__(self, other: Any) -> Any:
        return _ops().not_equal(self, other) if _is_operand(other) else self is not other

    __hash__ = object.__hash__

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """``np.exp(x)`` and its like become the op of the same name."""
        function = getattr(_ops(), _UFUNCS.get(ufunc.__name__, ufunc.__name__), None)
        if method != "__call__" or kwargs or function is None:
            call = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
            raise TypeError(f"{call} cannot be applied to a traced {type(self).__name__}; write it with ravine.ops.")
        return function(*inputs)


_UFUNCS = {"true_divide": "divide", "remainder": "mod", "float_power": "power"}


def _is_operand(value: Any) -> bool:
    return isinstance(value, (bool, int, float, np.ndarray, np.generic, Operators))


def _truth(value: Any) -> Any:
    """`value`, of which every element must be true or false: there are no operations on bits."""
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    if dtype != "bool":
        raise TypeError(f"&, |, ^ and ~ combine truth values such as x > 0, received {dtype}.")
    return value


def _ops() -> Any:
    from ravine import ops

    return ops
