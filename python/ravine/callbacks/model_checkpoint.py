"""ModelCheckpoint: save the model, or its weights, while it trains."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ravine.callbacks._batches import SavesByBatches
from ravine.callbacks._monitor import Monitor

MODEL_SUFFIXES = (".keras", ".h5")
WEIGHTS_SUFFIXES = (".weights.h5", ".safetensors")


class ModelCheckpoint(SavesByBatches, Monitor):
    """Saves at the end of every epoch or after every so many batches.

    Args:
        filepath: str or PathLike, ending in `.keras` or `.h5`, or with `save_weights_only` in `.weights.h5` or
            `.safetensors`. It may hold `{epoch}` (from 1), `{batch}` (from 1, with an integer `save_freq`) and names in
            the logs, with formats: `"{epoch:02d}-{val_loss:.2f}.keras"`. Folders are made as needed.
        monitor: name in the logs that `save_best_only` watches.
        verbose: 1 prints what is saved and why.
        save_best_only: save only when `monitor` is better than at the last save; it saves, with a warning, when
            `monitor` is not among the logs.
        save_weights_only: `model.save_weights` instead of `model.save`.
        mode: "min", "max" or "auto".
        save_freq: "epoch", or an integer: after this many batches, counted over all epochs. The logs are then the
            running means of the epoch so far.
        initial_value_threshold: the first value to beat.

    Raises:
        ValueError: a file name that does not fit, an unknown `save_freq`.
        KeyError: a name in `filepath` that is not among the logs.
        OSError: `filepath` is a folder, or cannot be written.
    """

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        Monitor.__init__(self, monitor, mode)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.best = initial_value_threshold
        self._set_save_freq(save_freq)
        self._epoch = 0
        suffixes = WEIGHTS_SUFFIXES if save_weights_only else MODEL_SUFFIXES
        if not self.filepath.endswith(suffixes):
            raise ValueError(
                f"ModelCheckpoint: the filepath must end in {' or '.join(suffixes)} with "
                f"save_weights_only={save_weights_only}, received {self.filepath!r}."
            )

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if self.save_best_only:
            self._direction()  # an unknown name needs a mode, whether or not it is logged
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _after_batch(self, batch: int, logs=None) -> None:
        self._save(self._epoch, batch, logs)

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any] | None) -> None:
        logs = logs or {}
        path = self._path(epoch, batch, logs)
        if not self._wanted(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint: {path!r} is a folder; give the name of a file.")
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        names = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the filepath {self.filepath!r} needs {error}, which is not among {', '.join(names)}."
            ) from None

    def _wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        value = logs.get(self.monitor)
        if value is None or np.ndim(value):
            why = "is not among the logs" if value is None else "is not one number"
            warnings.warn(
                f"ModelCheckpoint: {self.monitor!r} {why} ({', '.join(logs) or 'none'}), so save_best_only cannot "
                "compare and the model is saved.",
                stacklevel=5,
            )
            return True
        before = "None" if self.best is None else f"{self.best:.5f}"
        if self.best is not None and not self.better(value, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {before}")
            return False
        self._say(epoch, f"{self.monitor} improved from {before} to {value:.5f}, saving model to {path}")
        self.best = value
        return True

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {what}")
