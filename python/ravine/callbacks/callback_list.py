"""CallbackList: several callbacks called as one."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from ravine.callbacks.callback import EPOCH_HOOKS, PHASE_HOOKS, Callback, wants_batches
from ravine.callbacks.history import History
from ravine.callbacks.progbar_logger import ProgbarLogger
from ravine.callbacks.terminate_on_nan import TerminateOnNaN


class CallbackList(Callback):
    """Calls the same hook on every callback, in order; those with a true attribute `runs_last` come last.

    Args:
        callbacks: a callback, a list of them, or None.
        add_history: append a `History` unless there is one.
        add_progbar: append a `ProgbarLogger` unless there is one.
        model: given to every callback.
        params: given to every callback as its `params`.
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model=None,
        **params: Any,
    ) -> None:
        super().__init__()
        self._muted = False
        self._data: Any = None
        self._lost_loss = False
        self.callbacks = _as_list(callbacks)
        self._progbar = self._existing_or_new(ProgbarLogger, add_progbar)
        self._history = self._existing_or_new(History, add_history)
        self.callbacks.sort(key=lambda callback: getattr(callback, "runs_last", False))
        self._per_batch = {
            phase: [c for c in self.callbacks if wants_batches(c, phase)] for phase in ("train", "test", "predict")
        }
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def _existing_or_new(self, kind: type[Callback], wanted: bool) -> Any:
        found = next((c for c in self.callbacks if isinstance(c, kind)), None)
        if found is None and wanted:
            found = kind()
            self.callbacks.append(found)
        return found

    @property
    def history(self) -> History | None:
        return self._history

    @property
    def progbar(self) -> ProgbarLogger | None:
        """The progress to keep up to date, if any."""
        return None if self._muted else self._progbar

    @contextlib.contextmanager
    def progress_muted(self) -> Iterator[None]:
        """No progress inside: a validation belongs to the line of the epoch that it ends."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    def wants_batches(self, phase: str) -> bool:
        """Whether any callback must be called around every batch of "train", "test" or "predict"."""
        return bool(self._per_batch[phase])

    def append(self, callback: Callback) -> None:
        self.callbacks.append(callback)
        for phase, wanting in self._per_batch.items():
            if wants_batches(callback, phase):
                wanting.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model) -> None:
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def see_training(self, data: Any) -> None:
        """Show what `fit` trains on, and the callbacks beside them, to those that ask for it with a method of this
        name: backups, histograms, reports."""
        self._data = data
        for callback in self.callbacks:
            if hasattr(callback, "see_training"):
                callback.see_training(data, self.callbacks)

    def warn_of_lost_loss(self, epoch: int, logs: dict[str, Any]) -> None:
        """Warn, once in a training, that the loss is NaN or infinite, and why."""
        if self._lost_loss or math.isfinite(logs.get("loss", 0.0)):
            return
        self._lost_loss = True
        if not any(isinstance(callback, TerminateOnNaN) for callback in self.callbacks):
            from ravine.callbacks.nan_report import explain_epoch

            warnings.warn(explain_epoch(self.model, self._data, epoch, logs["loss"]), stacklevel=4)

    def __iter__(self):
        return iter(self.callbacks)

    def __len__(self) -> int:
        return len(self.callbacks)

    def on_batch_begin(self, batch: int, logs=None) -> None:
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs=None) -> None:
        self.on_train_batch_end(batch, logs)


def _phase_hook(hook: str):
    def call(self, logs=None):
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(logs)

    call.__name__ = hook
    return call


def _epoch_hook(hook: str):
    def call(self, epoch, logs=None):
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(epoch, logs)

    call.__name__ = hook
    return call


def _batch_hook(phase: str, hook: str):
    def call(self, batch, logs=None):
        logs = {} if logs is None else logs
        for callback in self._per_batch[phase]:
            getattr(callback, hook)(batch, logs)

    call.__name__ = hook
    return call


for _hook in PHASE_HOOKS:
    setattr(CallbackList, _hook, _phase_hook(_hook))
for _hook in EPOCH_HOOKS:
    setattr(CallbackList, _hook, _epoch_hook(_hook))
for _phase in ("train", "test", "predict"):
    for _moment in ("begin", "end"):
        _hook = f"on_{_phase}_batch_{_moment}"
        setattr(CallbackList, _hook, _batch_hook(_phase, _hook))


def _as_list(callbacks: Callback | Iterable[Callback] | None) -> list[Callback]:
    if callbacks is None:
        return []
    if not isinstance(callbacks, Iterable):
        callbacks = [callbacks]
    result = []
    for callback in callbacks:
        if isinstance(callback, (list, tuple, CallbackList)):
            result.extend(_as_list(callback))
            continue
        if isinstance(callback, type):
            raise TypeError(
                f"callbacks: expected Callback objects, received the class {callback.__name__}. "
                f"Create an instance: {callback.__name__}(...)."
            )
        if not hasattr(callback, "on_epoch_end") or not hasattr(callback, "set_model"):
            raise TypeError(
                f"callbacks: expected ravine.callbacks.Callback objects, received {callback!r} "
                f"of type {type(callback).__name__}."
            )
        result.append(callback)
    return result
