"""The paths that optimizers take through a landscape of two parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ravine import ops, optimizers
from ravine.ops.tracing import Trace
from ravine.plots import style
from ravine.variable import Variable


def long_valley(x: Any, y: Any) -> Any:
    """An elongated bowl, 20 times steeper along y than along x: (x^2 + 20 y^2) / 2."""
    return ops.multiply(ops.add(ops.square(x), ops.multiply(ops.square(y), 20.0)), 0.5)


def descend(
    optimizer: Any, function: Callable = long_valley, start: tuple[float, float] = (-4.0, 1.2), steps: int = 60
) -> np.ndarray:
    """The points that an optimizer visits on its way down a function of two variables.

    Args:
        optimizer: a name or an optimizer, not used before.
        function: `(x, y) -> height`, written with `ravine.ops`.
        start: the first point.
        steps: how many updates to make.

    Returns:
        an array of shape (steps + 1, 2), the start included.
    """
    optimizer = optimizers.get(optimizer)
    place = [Variable(value, name=name) for name, value in zip("xy", start, strict=True)]
    trace = Trace()
    with trace:
        optimizer.apply(trace.gradients(trace.tensor(function(*place)), place), place)
    step = trace.program([], [])
    path = [start]
    for _ in range(steps):
        step.run([])
        path.append((float(place[0]), float(place[1])))
    return np.array(path)


def plot_trajectories(
    contestants: Mapping[str, Any] | Iterable[Any],
    function: Callable = long_valley,
    start: tuple[float, float] = (-4.0, 1.2),
    steps: int = 60,
    limits: tuple[tuple[float, float], tuple[float, float]] = ((-4.6, 2.2), (-1.8, 1.8)),
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw the paths of optimizers over the contour lines of a function, each in a panel of its own.

    Args:
        contestants: optimizers by the names to show, or a list of optimizers or their names.
        function: `(x, y) -> height`, written with `ravine.ops`; default is a valley, steep across and flat along.
        start: where all begin.
        steps: how many updates each makes.
        limits: of the picture, `(left, right), (bottom, top)`.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure, one for each optimizer.

    Returns:
        the Matplotlib figure.
    """
    if not isinstance(contestants, Mapping):
        contestants = {name if isinstance(name, str) else type(name).__name__: name for name in contestants}
    columns = min(3, len(contestants))
    rows = -(-len(contestants) // columns) if ax is None else 1
    columns = columns if ax is None else len(contestants)
    size = (8.0 if columns > 1 else 5.0, 0.5 + 2.2 * rows)
    grid = np.meshgrid(*(np.linspace(*limit, 161, dtype=np.float32) for limit in limits))
    heights = np.asarray(function(*grid))
    floor = heights.min()
    with style.panels(
        "plot_trajectories", path, ax, columns=columns, rows=rows, size=size, sharex=True, sharey=True
    ) as axes:
        for index, panel in enumerate(axes):
            if index >= len(contestants):
                panel.set_visible(False)
                continue
            name, optimizer = list(contestants.items())[index]
            # The heights of the contours grow with the square, so that those of a bowl are equally far apart.
            levels = floor + (heights.max() - floor) * np.linspace(0.02, 1, 14) ** 2
            panel.contour(*grid, heights, levels=levels, colors=style.GRID, linewidths=1, zorder=0)
            points = descend(optimizer, function, start, steps)
            panel.plot(*points.T, color=style.BLUE, linewidth=1.3, marker="o", markersize=2.5)
            panel.plot(*points[0], marker="o", markersize=6, color=style.ORANGE, linestyle="none", label="start")
            panel.plot(
                *points[-1], marker="X", markersize=8, color=style.GREEN, linestyle="none", label=f"{steps} steps later"
            )
            if index == 0:
                panel.legend(loc="lower right", handletextpad=0.1, borderpad=0.1)
            panel.set(title=name, xlim=limits[0], ylim=limits[1])
            panel.grid(False)
    return axes[0].figure
