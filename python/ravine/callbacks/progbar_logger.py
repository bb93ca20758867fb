"""ProgbarLogger: the progress of fit, evaluate and predict on the standard output."""

from __future__ import annotations

from ravine.callbacks.callback import Callback
from ravine.utils.progress import Progress


class ProgbarLogger(Callback):
    """Shows one line per epoch: the steps done, the time per step and the running values.

    `fit`, `evaluate` and `predict` add one by themselves unless `verbose=0`. The loops call `advance` from time
    to time, so that showing progress does not make them return to Python after every batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None
        self._in_fit = False

    @property
    def verbose(self) -> int:
        return self.params.get("verbose", 1)

    @property
    def in_fit(self) -> bool:
        return self._in_fit

    def start(self, title: str | None = None) -> None:
        if self.verbose:
            self._progress = Progress(self.params.get("steps"), self.verbose, title)

    def advance(self, done: int, logs: dict[str, float] | None = None) -> None:
        """Show that `done` steps are complete. Cheap when it was called a moment ago."""
        if self._progress is not None:
            self._progress.update(done, logs)

    def due(self) -> bool:
        """Whether `advance` would draw now, so that a caller can save reading the values."""
        return self._progress is not None and self._progress.due()

    def finish(self, logs: dict[str, float] | None = None, done: int | None = None) -> None:
        if self._progress is not None:
            self._progress.finish(logs, done)
            self._progress = None

    def abandon(self) -> None:
        """Leave the line as it is, after an error or an interruption."""
        if self._progress is not None:
            self._progress.abandon()
            self._progress = None

    def on_train_begin(self, logs=None) -> None:
        self._in_fit = True

    def on_train_end(self, logs=None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        epochs = self.params.get("epochs")
        self.start(f"Epoch {epoch + 1}/{epochs}" if epochs else f"Epoch {epoch + 1}")

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.finish(logs)

    def on_test_begin(self, logs=None) -> None:
        if not self._in_fit:
            self.start()

    def on_test_end(self, logs=None) -> None:
        if not self._in_fit:
            self.finish(logs)

    def on_predict_begin(self, logs=None) -> None:
        self.start()

    def on_predict_end(self, logs=None) -> None:
        self.finish()
