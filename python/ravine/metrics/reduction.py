"""Sums and means over batches, and metrics made of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ravine import _config, ops
from ravine._masks import mask_of
from ravine.losses import functions as loss_functions
from ravine.losses._masks import masked_weights
from ravine.losses._ranks import to_same_rank
from ravine.losses.loss import Loss, written
from ravine.metrics.metric import Metric
from ravine.metrics.total import ratio, read


def per_sample(values: Any, sample_weight: Any, reduce: Callable) -> tuple[Any, Any]:
    """Values (batch, ...) reduced to one per sample and multiplied by its weight; and the weights per sample.

    Values are first reduced to the rank of the weights. Scalars stay as they are.
    """
    mask = mask_of(values)
    values = ops.cast(values, "float32")
    if sample_weight is not None:
        sample_weight = masked_weights(ops.cast(sample_weight, "float32"), mask)
        values, sample_weight = to_same_rank(values, sample_weight)
        rank, weight_rank = ops.ndim(values), ops.ndim(sample_weight)
        if weight_rank > rank:
            raise ValueError(
                f"sample_weight of shape {ops.shape(sample_weight)} does not fit values of shape {ops.shape(values)}."
            )
        if rank > weight_rank:
            values = reduce(values, axis=list(range(weight_rank, rank)))
        if ops.shape(sample_weight) != ops.shape(values):
            sample_weight = ops.multiply(sample_weight, ops.ones_like(values))
        values = ops.multiply(values, sample_weight)
        if weight_rank > 1:
            sample_weight = reduce(sample_weight, axis=list(range(1, weight_rank)))
    if ops.ndim(values) > 1:
        values = reduce(values, axis=list(range(1, ops.ndim(values))))
    return values, sample_weight


class Sum(Metric):
    """The sum of all values, each times its sample weight"""

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values, _ = per_sample(values, sample_weight, ops.sum)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Any:
        return ops.cast(self.total, "float32")


class Mean(Metric):
    """The mean of all values: the sum of weight times value, divided by the sum of the weights (or the number of
    samples). 0 before the first value."""

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        values, weights = per_sample(values, sample_weight, ops.mean)
        if weights is None:
            weights = ops.batch_size(values) if ops.ndim(values) else 1.0
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(ops.sum(weights))

    def result(self) -> Any:
        xp, (total, count) = read(self.total, self.count)
        return ops.cast(ratio(xp, total, count), "float32")


class MeanMetricWrapper(Mean):
    """The mean of ``fn(y_true, y_pred, **kwargs)``, over the values that the predictions' mask leaves. The arguments
    are attributes of the metric and part of its configuration."""

    # Arguments that Keras' configurations leave out, with their defaults: written when they differ from these.
    _unwritten: ClassVar[dict[str, Any]] = {}

    def __init__(self, fn: Callable, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)
        if self._direction is None and (isinstance(fn, Loss) or fn in loss_functions.values()):
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        sample_weight = masked_weights(sample_weight, mask_of(y_pred))
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        super().update_state(self._fn(y_true, y_pred, **self._fn_kwargs), sample_weight)

    def get_config(self) -> dict:
        if type(self) is not MeanMetricWrapper:
            return {**super().get_config(), **written(self._fn_kwargs, self._unwritten)}
        fn = _config.serialize_keras_object(self._fn)
        return {**super().get_config(), "fn": fn, **_config.serialize_keras_object(self._fn_kwargs)}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        return cls(**_config.deserialize_keras_object(config))
