"""Saving after so many batches."""

from __future__ import annotations

from typing import Any

from ravine.callbacks.callback import Callback


class SavesByBatches(Callback):
    """A callback with a `save_freq`: "epoch", or a number of batches, counted over all epochs. It defines
    `_after_batch(batch, logs)`, which is called when that many batches have passed.

    Raises:
        ValueError: `save_freq` is neither.
    """

    save_freq: Any

    def _set_save_freq(self, save_freq: Any) -> None:
        wrong = isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1
        if save_freq != "epoch" and wrong:
            raise ValueError(
                f"{type(self).__name__}: save_freq must be 'epoch' or a number of batches, received {save_freq!r}."
            )
        self.save_freq = save_freq
        self._batches_since_saving = 0
        if save_freq != "epoch":
            # Set on the object, so that training returns to Python after every batch only when this is asked for.
            self.on_train_batch_end = self._count_batch  # type: ignore[method-assign]

    def _count_batch(self, batch: int, logs=None) -> None:
        self._batches_since_saving += 1
        if self._batches_since_saving >= self.save_freq:
            self._batches_since_saving = 0
            self._after_batch(batch, logs)

    def _after_batch(self, batch: int, logs=None) -> None:
        raise NotImplementedError
