"""Callback: the hooks that a training, evaluation or prediction loop offers."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any] | None

EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
PHASE_HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_test_begin",
    "on_test_end",
    "on_predict_begin",
    "on_predict_end",
)


class Callback:
    """Base class of all callbacks. Override the hooks you need; every hook does nothing by default.

    `self.model` is the model being run, `self.params` a dict with `verbose`, `epochs` and `steps`.
    Epochs and batches are counted from 0. `logs` holds the running means of the loss and the metrics
    over the batches of the epoch so far; `on_epoch_end` also gets the `val_` values and `learning_rate`.

    Overriding a hook of single batches makes `fit` (`evaluate`, `predict`) return to Python after every
    batch; as long as no callback does, a whole epoch runs inside the engine.
    Set `self.model.stop_training = True` to end `fit` after the current batch or epoch.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model = None

    @property
    def model(self):
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model) -> None:
        self._model = model

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None: ...

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None: ...

    def on_train_begin(self, logs: Logs = None) -> None: ...

    def on_train_end(self, logs: Logs = None) -> None: ...

    def on_test_begin(self, logs: Logs = None) -> None: ...

    def on_test_end(self, logs: Logs = None) -> None: ...

    def on_predict_begin(self, logs: Logs = None) -> None: ...

    def on_predict_end(self, logs: Logs = None) -> None: ...

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None: ...

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None: ...

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None: ...

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None: ...


def overrides(callback: Any, hook: str) -> bool:
    """Whether `callback` has a hook of its own under this name (a method of its class or an attribute)."""
    if hook in getattr(callback, "__dict__", {}):
        return True
    return getattr(type(callback), hook, None) is not getattr(Callback, hook)


def wants_batches(callback: Any, phase: str) -> bool:
    """Whether `callback` must be called around every batch of `phase`: "train", "test" or "predict"."""
    hooks = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"]
    if phase == "train":
        hooks += ["on_batch_begin", "on_batch_end"]
    return any(overrides(callback, hook) for hook in hooks)
