"""Learning-rate schedules over the steps of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ravine.plots import style

MOST_POINTS = 500


def plot_schedules(
    schedules: Mapping[str, Any] | Any,
    steps: int,
    log: bool = False,
    unit: str = "step",
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw schedules: what each makes of the learning rate from step 0 to `steps`.

    Args:
        schedules: a schedule, or a dict of names to them. A schedule is what an optimizer takes as `learning_rate`
            (an object of `ravine.optimizers.schedules`, a number), any function of the step (or of the epoch, as
            `LearningRateScheduler` takes; say so in `unit`), or the recorded rates themselves, one for each step.
        steps: how many.
        log: a logarithmic vertical axis.
        unit: what a step is called on the horizontal axis.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure.

    Returns:
        the Matplotlib figure.

    Raises:
        TypeError: something is no schedule.
    """
    if not isinstance(schedules, Mapping):
        schedules = {getattr(schedules, "name", None) or type(schedules).__name__: schedules}
    at = np.unique(np.linspace(0, steps, min(steps, MOST_POINTS) + 1).astype(int))
    with style.panels("plot_schedules", path, ax, size=(8, 4.2)) as [panel]:
        for (name, schedule), look in zip(schedules.items(), style.lines(len(schedules)), strict=True):
            points, rates = _rates(schedule, at)
            panel.plot(points, rates, label=name, **look)
        panel.set(xlabel=unit, ylabel="learning rate", yscale="log" if log else "linear", xlim=(0, steps))
        if not log:
            panel.set_ylim(bottom=0)
        if len(schedules) > 1:
            panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return panel.figure


def _rates(schedule: Any, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if callable(schedule):
        return at, np.array([float(schedule(int(step))) for step in at])
    try:
        recorded = np.asarray(schedule, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(
            "plot_schedules: expected a schedule, a number, a function of the step or the rates themselves, received "
            f"{schedule!r}."
        ) from None
    return (at, np.full(len(at), recorded)) if recorded.ndim == 0 else (np.arange(len(recorded)), recorded)
