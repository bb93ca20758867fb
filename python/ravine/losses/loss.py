"""The base classes of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ravine import _config, _lookup, ops
from ravine._names import auto_name
from ravine.losses._ranks import to_same_rank
from ravine.losses.reduction import REDUCTIONS, reduce_losses
from ravine.tensor import standardize_dtype


class Loss:
    """``loss(y_true, y_pred, sample_weight=None)`` -> scalar, or losses per value when nothing is reduced.

    Subclasses implement ``call(y_true, y_pred)`` -> losses of shape (batch, ...) with `ravine.ops`. They work on arrays
    at once, and are traced by `Model.compile`.

    Args:
        name: by default the class name in snake case.
        reduction: ``sum_over_batch_size``, ``mean``, ``mean_with_sample_weight``, ``sum`` or ``none``; see
            `ravine.losses.reduction.reduce_losses`.
        dtype: accepted for Keras' sake; everything is computed in float32.

    Raises:
        ValueError: for an unknown reduction.
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        if reduction not in REDUCTIONS:
            names = [name for name in REDUCTIONS if name]
            hint = _lookup.close_matches(str(reduction), names)
            raise ValueError(f"{type(self).__name__}: unknown reduction {reduction!r}. {hint}")
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self._dtype = standardize_dtype(dtype)

    @property
    def dtype(self) -> str:
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: call() is not implemented.")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true = ops.convert_to_tensor(y_true)
        y_pred = ops.convert_to_tensor(y_pred)
        return reduce_losses(self.call(y_true, y_pred), sample_weight, self.reduction)

    def get_config(self) -> dict:
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function ``fn(y_true, y_pred, **kwargs)`` that returns losses per sample."""

    def __init__(
        self,
        fn: Callable,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*to_same_rank(y_true, y_pred), **self._fn_kwargs)

    def get_config(self) -> dict:
        if type(self) is not LossFunctionWrapper:
            return {**super().get_config(), **self._fn_kwargs}
        fn = _config.serialize_keras_object(self.fn)
        return {**super().get_config(), "fn": fn, **_config.serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**_config.deserialize_keras_object(config))
