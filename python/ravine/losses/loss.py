"""The base classes of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ravine import _config, _lookup, ops
from ravine._masks import mask_of
from ravine._names import auto_name
from ravine._tree import mapped
from ravine.losses._masks import both
from ravine.losses._ranks import to_same_rank
from ravine.losses.reduction import REDUCTIONS, reduce_losses
from ravine.tensor import standardize_dtype


class Loss:
    """``loss(y_true, y_pred, sample_weight=None)`` -> scalar, or losses per value when nothing is reduced.

    Subclasses implement ``call(y_true, y_pred)`` -> losses of shape (batch, ...) with `ravine.ops`. They work on arrays
    at once, and are traced by `Model.compile`. Values that are masked, by the predictions' mask or by the losses' own,
    do not count.

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
        mask = mask_of(y_pred)
        losses = self.call(_tensors(y_true), _tensors(y_pred))
        return reduce_losses(losses, sample_weight, self.reduction, both(mask, mask_of(losses)))

    def get_config(self) -> dict:
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function ``fn(y_true, y_pred, **kwargs)`` that returns losses per sample. The arguments are
    attributes of the loss and part of its configuration."""

    # Arguments that Keras' configurations leave out, with their defaults: written when they differ from these.
    _unwritten: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        fn: Callable,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        vars(self).update(kwargs)
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_same_ranks(y_true, y_pred), **self._fn_kwargs)

    def get_config(self) -> dict:
        config = super().get_config()
        if type(self) is LossFunctionWrapper:
            config["fn"] = _config.serialize_keras_object(self.fn)
            return {**config, **_config.serialize_keras_object(self._fn_kwargs)}
        return {**config, **written(self._fn_kwargs, self._unwritten)}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**_config.deserialize_keras_object(config))


def written(arguments: dict[str, Any], unwritten: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a function for a configuration: all but those that have the value given in `unwritten`."""
    return {key: value for key, value in arguments.items() if key not in unwritten or value != unwritten[key]}


def _tensors(x: Any) -> Any:
    """`x` as a tensor; a dictionary or list of tensors, such as the outputs of a model, stays one."""
    nested = isinstance(x, dict) or (isinstance(x, (list, tuple)) and any(hasattr(part, "shape") for part in x))
    return mapped(ops.convert_to_tensor, x) if nested else ops.convert_to_tensor(x)


def _same_ranks(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    return to_same_rank(y_true, y_pred) if hasattr(y_true, "shape") and hasattr(y_pred, "shape") else (y_true, y_pred)
