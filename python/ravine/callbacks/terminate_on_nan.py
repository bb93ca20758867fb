"""TerminateOnNaN: end training when the loss is no longer a number, and say why it is not."""

from __future__ import annotations

import math
from typing import Any

from ravine.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops `fit` at the first batch after which the loss is NaN or infinite, and reports the culprit: a row of the
    data, a layer, a loss, a gradient or an update, and what to do about it.

    To find it, the weights from before the last two batches are kept, so training needs twice their memory more. The
    weights of the model are left as they are after the batch. Without this callback, `fit` warns at the end of the
    epoch with what can be seen then.

    Args:
        raise_error: raise RuntimeError instead of stopping.

    Attributes:
        report: the explanation; None as long as the loss is finite.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self.report: str | None = None
        self._data: Any = None
        self._before = _Recent()

    def see_training(self, data: Any, callbacks: list[Callback]) -> None:
        self._data = data

    def on_train_begin(self, logs=None) -> None:
        self.report = None
        self._before = _Recent()

    def on_train_batch_begin(self, batch: int, logs=None) -> None:
        if self._data is not None:
            self._before.note(batch, self._data, self.model)

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        self.report = self._before.explanation(self.model)
        message = f"Batch {batch}: invalid loss ({float(loss)}), terminating training. {self.report}".rstrip()
        if self.raise_error:
            raise RuntimeError(message)
        print(f"\n{message}", flush=True)
        self.model.stop_training = True


class _Recent:
    """The last two batches and the values of the model's variables before each."""

    def __init__(self) -> None:
        self._steps: list[list[Any]] = []

    def note(self, number: int, data: Any, model: Any) -> None:
        from ravine.models.preserve import Values

        if len(self._steps) < 2:
            self._steps.append([number, data.mark(), Values(model.variables)])
            return
        self._steps.append(self._steps.pop(0))
        values = self._steps[-1][2]
        for variable, array in zip(values.variables, values.arrays, strict=True):
            array[...] = variable.array
        self._steps[-1][:2] = number, data.mark()

    def explanation(self, model: Any) -> str:
        from ravine.callbacks.nan_report import explain_history

        if not self._steps:
            return ""
        return explain_history(model, [(number, *look(), values) for number, look, values in self._steps])
