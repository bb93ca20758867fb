"""History: what `fit` returns."""

from __future__ import annotations

from typing import Any

from ravine.callbacks.callback import Callback


class History(Callback):
    """Records the logs of every epoch. `fit` adds one by itself and returns it; it is also `model.history`.

    `history` maps each name to its list of values, one per epoch; `epoch` lists the epoch indices (from 0) of the last
    `fit`, and `epochs` those of each name, which are fewer with `validation_freq`. As in Keras, a History of your own
    that is passed to several fits goes on collecting values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.epochs: dict[str, list[int]] = {}

    def on_train_begin(self, logs=None) -> None:
        self.epoch = []
        self.epochs = {}

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self.epochs.setdefault(name, []).append(epoch)
        if self.model is not None:
            self.model.history = self

    def set_model(self, model) -> None:
        super().set_model(model)
        model.history = self
