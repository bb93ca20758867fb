"""EarlyStopping: end training when a quantity has stopped improving."""

from __future__ import annotations

import math

from ravine.callbacks._monitor import Monitor


class EarlyStopping(Monitor):
    """Stops `fit` when `monitor` has not improved for `patience` epochs.

    Args:
        monitor: name in the logs; default "val_loss".
        min_delta: an improvement must be larger than this (absolute).
        patience: number of epochs without improvement after which training stops. It never stops at the first epoch.
        verbose: 1 prints why and when it stopped.
        mode: "min", "max" or "auto".
        baseline: until this value is beaten, improvements do not reset the patience.
        restore_best_weights: at the end of training, set the weights of the best epoch (also when it never stopped).
        start_from_epoch: epochs before this one (from 0) are not watched.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self._started = False
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights = None

    def on_train_begin(self, logs=None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        # The first value counts as the best so far even when it is NaN, but a NaN is not kept as the mark to beat.
        if not self._started or self.better(current, self.best):
            self._started = True
            self.best = None if math.isnan(current) else current
            self._remember(epoch)
            if self.baseline is None or self.better(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs=None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
