"""SwapEMAWeights: evaluate (and save) the averaged weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.callbacks.callback import Callback
from ravine.optimizers.nested import optimizers_of


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages of the weights into the model while it is evaluated or predicts, and the
    trained weights back afterwards. The optimizer must have been made with `use_ema=True`. However training ends, the
    model is left with the averages.

    Args:
        swap_on_epoch: swap at the end of every epoch and back at the begin of the next, for callbacks further down in
            the list, such as `ModelCheckpoint`, that are to see the averages.

    Raises:
        ValueError: the optimizer keeps no averages.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._trained: list[np.ndarray] | None = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Each trained variable with its average."""
        averaging = [x for x in optimizers_of(self.model.optimizer) if getattr(x, "use_ema", False)]
        if not averaging:
            raise ValueError(
                f"SwapEMAWeights: the optimizer {type(self.model.optimizer).__name__} keeps no averages. "
                "Make it with use_ema=True."
            )
        return [
            (variable, optimizer._slot("average", variable))
            for optimizer in averaging
            for variable in optimizer._trainable_variables
        ]

    def _show_averages(self) -> None:
        if self._trained is None:
            pairs = self._pairs()
            self._trained = [variable.numpy() for variable, _ in pairs]
            for variable, average in pairs:
                variable.assign(average)

    def _show_trained(self) -> None:
        if self._trained is not None:
            for (variable, _), values in zip(self._pairs(), self._trained, strict=True):
                variable.assign(values)
            self._trained = None

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        if self.swap_on_epoch:
            self._show_trained()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if self.swap_on_epoch:
            self._show_averages()

    def on_train_end(self, logs=None) -> None:
        self._trained = None  # `fit` ends with the averages in the model

    def on_test_begin(self, logs=None) -> None:
        self._show_averages()

    def on_test_end(self, logs=None) -> None:
        self._show_trained()

    def on_predict_begin(self, logs=None) -> None:
        self._show_averages()

    def on_predict_end(self, logs=None) -> None:
        self._show_trained()
