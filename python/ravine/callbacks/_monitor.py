"""Which direction of a monitored quantity is better, shared by the callbacks that watch one."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ravine.callbacks.callback import Callback

LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "hits", "true_pos", "true_neg",
                    "sensitivity", "specificity", "cosine_similarity")  # fmt: skip
SMALLER_IS_BETTER = ("loss", "error", "mse", "mae", "mape", "msle", "rmse", "crossentropy", "kld", "divergence",
                     "poisson", "logcosh", "log_cosh", "hinge", "false_pos", "false_neg")  # fmt: skip


class Monitor(Callback):
    """A callback that watches one entry of the epoch logs.

    Args:
        monitor: name of the entry, such as "val_loss".
        mode: "min", "max" or "auto" (by the name of the quantity; the loss is minimized). As in Keras, another value
            warns and counts as "auto".
        min_delta: a change smaller than this (absolute) is no improvement.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', received {mode!r}; 'auto' is used.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)

    @property
    def worst(self) -> float:
        return math.inf if self._direction() == "min" else -math.inf

    def _direction(self) -> str:
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_")
        declared = self._declared_direction(name)
        if declared:
            return declared
        if any(part in name for part in SMALLER_IS_BETTER):
            return "min"
        if any(part in name for part in LARGER_IS_BETTER):
            return "max"
        raise ValueError(
            f"{type(self).__name__}: cannot tell whether {self.monitor!r} should rise or fall. "
            "Pass mode='min' or mode='max'."
        )

    def _declared_direction(self, name: str) -> str | None:
        if self.model is None:
            return None
        for metric in getattr(self.model, "metrics", ()):
            direction = getattr(metric, "_direction", None)
            if metric.name == name and direction in ("up", "down"):
                return "max" if direction == "up" else "min"
        return None

    def better(self, value: float, reference: float | None) -> bool:
        """Whether `value` improves on `reference` by more than `min_delta`. NaN never does."""
        reference = self.worst if reference is None else reference
        if self._direction() == "min":
            return value < reference - self.min_delta
        return value > reference + self.min_delta

    def get_monitor_value(self, logs: dict[str, Any] | None) -> float | None:
        """The watched value, or None with a warning when the logs do not hold it."""
        self._direction()  # an unknown name needs a mode, whether or not it is logged
        logs = logs or {}
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__}: {self.monitor!r} is not among the logs ({', '.join(logs) or 'none'}), "
                "so nothing happens."
                + (" Pass validation_data or validation_split to fit." if self.monitor.startswith("val_") else ""),
                stacklevel=4,
            )
        return value
