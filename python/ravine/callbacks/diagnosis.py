"""Diagnosis: the health of every layer while a model trains."""

from __future__ import annotations

from typing import Any

from ravine.callbacks.callback import Callback, Logs


class Diagnosis(Callback):
    """Runs `ravine.diagnose` on a sample before the first epoch and after every `every` epochs.

    Nothing of the training changes: not the weights, not the random numbers, not the optimizer.

    Args:
        x, y: a sample of the training data, as in `fit`.
        every: number of epochs between two looks.
        samples: at most so many rows are used.
        verbose: 0 prints nothing, 1 the verdicts when they change, 2 every report.
        stop: end training at the first verdict.

    Attributes:
        reports: the reports by epoch; 0 is before the first one.
    """

    def __init__(
        self, x: Any, y: Any = None, every: int = 1, samples: int = 512, verbose: int = 1, stop: bool = False
    ) -> None:
        super().__init__()
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"Diagnosis: expected `every` to be an integer of at least 1, received {every!r}.")
        self.x, self.y = x, y
        self.every = every
        self.samples = samples
        self.verbose = verbose
        self.stop = stop
        self.reports: dict[int, Any] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        self.reports = {}
        self._told: tuple[str, ...] = ()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if not self.reports:
            self._look(epoch)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if (epoch + 1) % self.every == 0:
            self._look(epoch + 1)

    def _look(self, epoch: int) -> None:
        from ravine.diagnosis import diagnose

        report = self.reports[epoch] = diagnose(self.model, self.x, self.y, samples=self.samples)
        if self.verbose > 1:
            print(report)
        elif self.verbose and report.problems != self._told:
            after = f"after epoch {epoch}" if epoch else "before training"
            print(f"Diagnosis {after}:" + (" healthy" if report.healthy else ""))
            for number, verdict in enumerate(report.verdicts, 1):
                print(f"{number}. {verdict}")
        self._told = report.problems
        if self.stop and not report.healthy:
            self.model.stop_training = True
