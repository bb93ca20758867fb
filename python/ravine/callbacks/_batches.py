"""Counting the batches between two savings."""

from __future__ import annotations

from typing import Any


class BatchCount:
    """Tells after which batches to save.

    Args:
        save_freq: "epoch" (never after a batch) or a number of batches, counted over all epochs.
        where: the callback, for the error.

    Attributes:
        every: the number of batches, None for "epoch".
    """

    def __init__(self, save_freq: Any, where: str) -> None:
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"{where}: save_freq must be 'epoch' or a number of batches, received {save_freq!r}.")
        self.every: int | None = None if save_freq == "epoch" else save_freq
        self.since = 0

    def due(self, batch: int) -> bool:
        """Call once per batch; True when it is time to save."""
        self.since += 1
        if self.every is None or self.since < self.every:
            return False
        self.since = 0
        return True
