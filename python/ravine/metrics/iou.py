"""Intersection over union, for segmentation: true positives / (true positives + false positives + false negatives)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine import ops
from ravine.losses._ranks import to_same_rank, weights_like
from ravine.metrics.metric import Metric
from ravine.metrics.total import read
from ravine.variable import Variable

_EPSILON = 1e-7


class IoU(Metric):
    """The mean over some classes of intersection over union, classes that occur neither in labels nor in predictions
    left out. Labels and predictions outside [0, num_classes) do not count.

    Float weights count as they are, where Keras rounds them down unless ``dtype="float32"`` is given.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes that count.
        ignore_class: a label that does not count.
        sparse_y_true: whether labels are class indices rather than one-hot.
        sparse_y_pred: whether predictions are class indices rather than probabilities or logits.
        axis: where the classes are in what is not sparse.

    Raises:
        ValueError: for a target class that does not exist, and for shapes that do not fit.
    """

    _direction = "up"
    total_cm: Variable

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        target_class_ids = list(target_class_ids)
        outside = [i for i in target_class_ids if not 0 <= i < num_classes]
        if outside or not target_class_ids:
            raise ValueError(
                f"{type(self).__name__}: expected target_class_ids from 0 to {num_classes - 1}, received "
                f"{target_class_ids}."
            )
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes = num_classes
        self.target_class_ids = target_class_ids
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not self.sparse_y_true:
            y_true = ops.argmax(y_true, self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(y_pred, self.axis)
        y_true, y_pred = to_same_rank(ops.cast(y_true, "int32"), ops.cast(y_pred, "int32"))
        if ops.shape(y_true) != ops.shape(y_pred):
            raise ValueError(
                f"{type(self).__name__}: expected labels of shape {ops.shape(y_pred)}, received shape "
                f"{ops.shape(y_true)}. Say with sparse_y_true and sparse_y_pred which of the two are class indices."
            )
        weights: Any = ops.cast(ops.ones_like(y_true), "float32")
        if sample_weight is not None:
            weights = ops.multiply(weights, weights_like(ops.cast(sample_weight, "float32"), y_true))
        if self.ignore_class is not None:
            weights = ops.where(ops.equal(y_true, self.ignore_class), 0.0, weights)
        predicted = ops.one_hot(y_pred, self.num_classes)
        axes = list(range(ops.ndim(y_true)))
        # A row for each label: what was predicted where it is true. No array of all pairs for all samples is needed.
        rows = [
            ops.sum(ops.multiply(ops.expand_dims(ops.where(ops.equal(y_true, i), weights, 0.0), -1), predicted), axes)
            for i in range(self.num_classes)
        ]
        self.total_cm.assign_add(ops.stack(rows))

    def result(self) -> Any:
        xp, (matrix,) = read(self.total_cm)
        hits = xp.sum(matrix * np.eye(self.num_classes), 0)
        union = xp.sum(matrix, 0) + xp.sum(matrix, 1) - hits
        wanted = np.isin(np.arange(self.num_classes), self.target_class_ids)
        counts = xp.where(xp.greater(union, 1e-9), wanted * 1.0, 0.0)
        return ops.cast(xp.sum(counts * hits / (union + _EPSILON)) / (xp.sum(counts) + _EPSILON), "float32")

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *keys: str) -> dict:
        return {key: value for key, value in IoU.get_config(self).items() if key not in keys}


class BinaryIoU(IoU):
    """`IoU` of two classes for predictions from 0 to 1: class 1 where y_pred >= threshold"""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, ops.greater_equal(y_pred, self.threshold), sample_weight)

    def get_config(self) -> dict:
        config = self._config_without("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**config, "threshold": self.threshold}


class MeanIoU(IoU):
    """`IoU` of all classes"""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict:
        return self._config_without("target_class_ids")


class OneHotIoU(IoU):
    """`IoU` for one-hot labels, and for predictions of all classes unless `sparse_y_pred`"""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot labels, and for predictions of all classes unless `sparse_y_pred`"""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        return self._config_without("target_class_ids", "sparse_y_true")
