"""Progbar: the progress bar for loops of your own."""

from __future__ import annotations

from collections.abc import Iterable

from ravine.utils.progress import Progress


class Progbar:
    """Shows the progress of a loop.

    Args:
        target: the total number of steps, or None when unknown.
        width: of the bar, in characters.
        verbose: 0 silent, 1 a bar, 2 one line at the end.
        interval: least seconds between two redraws.
        stateful_metrics: names whose last value is shown; all others are averaged over the steps.
        unit_name: what one step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.verbose = verbose
        self.stateful_metrics = set(stateful_metrics or ())
        self._progress = Progress(target, verbose, unit=unit_name, width=width, interval=interval)
        self._seen = 0
        self._sums: dict[str, tuple[float, int]] = {}
        self._finished = False

    def update(
        self, current: int, values: Iterable[tuple[str, float]] | None = None, finalize: bool | None = None
    ) -> None:
        """Show that `current` steps are done. `values` are (name, value) pairs of the steps since the last call.

        The line ends when `current` reaches the target, or as `finalize` says.
        """
        if self._finished:
            return
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            if name in self.stateful_metrics:
                self._sums[name] = (float(value), 1)
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + float(value) * steps, count + steps)
        self._seen = current
        means = {name: total / count for name, (total, count) in self._sums.items()}
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if finalize:
            self._finished = True
            self._progress.finish(means, current)
        else:
            self._progress.update(current, means)

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen + n, values)
