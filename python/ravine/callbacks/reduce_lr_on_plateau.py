"""ReduceLROnPlateau: lower the learning rate when a quantity has stopped improving."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ravine.callbacks import _learning_rate
from ravine.callbacks._monitor import Monitor
from ravine.optimizers.nested import optimizers_of


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when `monitor` has not improved for `patience` epochs.

    On top of a `LearningRateSchedule` it multiplies the schedule's scale, so that the whole rest of the schedule is
    lower; Keras raises TypeError there. The `learning_rate` in the logs is the one that the epoch was trained with.

    Args:
        monitor: name in the logs; default "val_loss".
        factor: the new rate is the old one times this; below 1.
        patience: number of epochs without improvement after which the rate is lowered.
        verbose: 1 prints every change.
        mode: "min", "max" or "auto".
        min_delta: an improvement must be larger than this (absolute); a smaller one does not move the mark to beat.
        cooldown: number of epochs after a change in which nothing is counted.
        min_lr: the rate never gets lower than this.

    Raises:
        ValueError: a factor of 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, received {factor}.")
        if kwargs:
            warnings.warn(
                f"ReduceLROnPlateau: {', '.join(kwargs)} is not an argument and has no effect, as in Keras.",
                stacklevel=2,
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def on_train_begin(self, logs=None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if logs is not None:
            logs.update(self.model.optimizer.learning_rate_logs())
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            # Not a list given to any(): every optimizer's rate is to be lowered.
            if self.wait >= self.patience and sum(
                self._lower(optimizer, epoch) for optimizer in optimizers_of(self.model.optimizer)
            ):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _lower(self, optimizer: Any, epoch: int) -> bool:
        rate = float(optimizer.learning_rate)
        if rate <= np.float32(self.min_lr):
            return False
        lower = max(rate * self.factor, self.min_lr)
        _learning_rate.lower(optimizer, lower)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {lower}.")
        return True
