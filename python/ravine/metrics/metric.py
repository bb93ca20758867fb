"""The base class of metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine._names import auto_name, name_first
from ravine._tracking import Tracked
from ravine.metrics.total import Total
from ravine.ops import tracing
from ravine.tensor import standardize_dtype
from ravine.variable import Variable, name_scope


class Metric(Tracked):
    """A running statistic over the batches of an epoch.

    Subclasses make variables with `add_variable`, change them in ``update_state(y_true, y_pred, sample_weight=None)``
    and compute ``result()`` from them, all with `ravine.ops` and the variables' ``assign`` and ``assign_add``. Updates
    work on arrays at once; `Model.compile` traces them into the step, where they cost no Python.

    Args:
        dtype: accepted for Keras' sake; see `add_variable`.
        name: by default the class name in snake case, with a number.
    """

    _direction: str | None = None  # "up" where more is better, "down" where less is: for callbacks that watch a metric

    def __init__(self, dtype: Any = None, name: str | None = None):
        self._start_tracking()
        self.name = name or auto_name(type(self).__name__)
        self._dtype = standardize_dtype("int32" if dtype == "int" else dtype)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """The variables of this metric and of the metrics in it."""
        own = list(self._held(Variable))
        inner = [variable for metric in self._held(Metric) for variable in metric.variables]
        return list({id(v): v for v in own + inner}.values())

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Make a variable for a running sum.

        Without a `dtype`, or with an integer one, sums are exact far beyond the 2**24 of float32: a scalar is float64,
        a tensor is a `Total`. With ``dtype="float32"`` it is an ordinary variable.
        """
        shape = () if shape is None else tuple(shape) if np.iterable(shape) else (shape,)
        exact = dtype is None or standardize_dtype(dtype).startswith(("int", "uint"))
        initializer = "zeros" if initializer is None else initializer
        with tracing.suspended(), name_scope(self.name):
            if exact and shape:
                variable: Variable = Total(shape, initializer, name)
            else:
                variable = Variable(
                    initializer,
                    shape=shape,
                    dtype="float64" if exact else dtype,
                    trainable=False,
                    aggregation=aggregation,
                    name=name,
                )
        self._variables.append(variable)
        return variable

    @name_first
    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Another name of `add_variable`. The name may also come first, as in tf.keras."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__}: update_state() is not implemented.")

    def result(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: result() is not implemented.")

    def reset_state(self) -> None:
        """Set all variables to zero."""
        with tracing.suspended():
            for variable in self.variables:
                variable.assign(0)

    reset_states = reset_state  # its name in tf.keras

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update with a batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict:
        return {"name": self.name, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
