"""TerminateOnNaN: end training when the loss is no longer a number."""

from __future__ import annotations

import math

from ravine.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops `fit` at the first batch after which the loss is NaN or infinite, and says so.

    Args:
        raise_error: raise RuntimeError instead of stopping.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        message = f"Batch {batch}: invalid loss ({float(loss)}), terminating training."
        if self.raise_error:
            raise RuntimeError(message)
        print(f"\n{message}", flush=True)
        self.model.stop_training = True
