"""Running sums that stay exact, and reading them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ravine import ops
from ravine.ops import tracing
from ravine.variable import Variable


class Total(Variable):
    """A tensor of float32 that remembers what rounding takes from it, so that counts far above 2**24 stay exact.

    ``assign_add`` adds with Knuth's two-sum (The Art of Computer Programming 2, 4.2.2, theorem B) and carries the
    rounding error of every addition into the next one; the values are always the rounded ones of `exact`.
    """

    def __init__(self, shape: tuple, initializer: Any = "zeros", name: str | None = None):
        super().__init__(initializer, shape=shape, dtype="float32", trainable=False, aggregation="sum", name=name)
        self._rest = Variable("zeros", shape=self.shape, trainable=False, name=f"{self.name}_rest")

    @property
    def exact(self) -> np.ndarray:
        """The sums in float64."""
        return self.array.astype(np.float64) + self._rest.array

    def _update(self, op: str, value: Any) -> Any:
        if op == "assign":
            self._rest.assign(0)
            return super()._update(op, value)
        if tracing.current() is None:
            total = self.exact + np.asarray(value, np.float64)
            result = super()._update("assign", total.astype(np.float32))
            self._rest.assign(total - self.array)
            return result
        old, rest = ops.convert_to_tensor(self), ops.convert_to_tensor(self._rest)
        value = ops.cast(value, "float32")
        total = ops.add(old, value)
        added = ops.subtract(total, old)
        error = ops.add(ops.subtract(old, ops.subtract(total, added)), ops.subtract(value, added))
        rest = ops.add(rest, error)
        new = ops.add(total, rest)
        self._rest.assign(ops.subtract(rest, ops.subtract(new, total)))
        return super()._update("assign", new)

    def __deepcopy__(self, memo: dict) -> Total:
        twin = super().__deepcopy__(memo)
        twin.__class__ = Total
        twin.__dict__["_rest"] = copy.deepcopy(self._rest, memo)
        return twin  # type: ignore[return-value]


def read(*variables: Variable) -> tuple[Any, list[Any]]:
    """What computes on these variables, and their values: NumPy and float64 arrays; while a function is traced,
    `ravine.ops` and tensors. Both have the functions that results need, under the same names."""
    if tracing.current() is not None:
        return ops, [ops.convert_to_tensor(variable) for variable in variables]
    return np, [v.exact if isinstance(v, Total) else np.asarray(v.array, np.float64) for v in variables]


def ratio(xp: Any, x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0, computed by `xp`, which is NumPy or `ravine.ops`."""
    zero = xp.equal(x2, 0)
    return xp.where(zero, 0.0, x1 / xp.where(zero, 1.0, x2))
