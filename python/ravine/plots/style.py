"""How every figure looks: one palette, one set of sizes, applied for the time of one drawing only.

The palette is that of Okabe & Ito 2008, whose colours stay apart for colour-blind readers; curves that need more than
its seven colours also differ in their dashes. A width of eight inches at 100 dpi gives the 800 pixels of a page.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, BLACK = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1f2937",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER, BLACK)
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
INK, MUTED, GRID, PAPER = "#1f2937", "#6b7280", "#e5e7eb", "#f8fafc"

SETTINGS: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}

Path = str | os.PathLike


@contextmanager
def drawing(what: str) -> Iterator[None]:
    """Inside, Matplotlib draws in this style; afterwards its settings are what they were.

    Raises:
        ImportError: Matplotlib is not installed; names `what` and the extra to install.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(f'{what} needs Matplotlib: pip install "ravine[plot]"') from error
    with matplotlib.rc_context(SETTINGS):
        yield


@contextmanager
def panels(
    what: str,
    path: Path | None = None,
    ax: Any = None,
    *,
    columns: int = 1,
    rows: int = 1,
    size: tuple[float, float] = (8.0, 4.2),
    dpi: int = 100,
    **subplots: Any,
) -> Iterator[list[Any]]:
    """The axes to draw into, row by row; after the drawing the figure is saved to `path` if there is one.

    Args:
        what: the function that draws, for errors.
        ax: the caller's own axes, one or a sequence with one for each panel; None makes a new figure.
        size: of a new figure, in inches.
        dpi: dots per inch of a new figure.
        subplots: further arguments of Matplotlib's `Figure.subplots`.

    Raises:
        ImportError: Matplotlib is not installed.
        ValueError: the number of axes given is not the number of panels.
    """
    count = rows * columns
    with drawing(what):
        if ax is None:
            # A Figure without pyplot needs no display and enters no global list.
            from matplotlib.figure import Figure

            figure = Figure(figsize=size, dpi=dpi, layout="constrained")
            axes = list(figure.subplots(rows, columns, squeeze=False, **subplots).flat)
        else:
            axes = list(ax.flat) if hasattr(ax, "flat") else list(ax) if isinstance(ax, Sequence) else [ax]
            if len(axes) != count:
                raise ValueError(f"{what}: expected {count} axes in `ax`, received {len(axes)}.")
        yield axes
        if path is not None:
            axes[0].figure.savefig(path)


def lines(count: int) -> Iterator[dict[str, Any]]:
    """The colours and dashes of `count` curves in one panel, as arguments of `plot`."""
    for index in range(count):
        yield {"color": PALETTE[index % len(PALETTE)], "linestyle": DASHES[index // len(PALETTE) % len(DASHES)]}


def whole_numbers(axis: Any) -> None:
    """Ticks at whole numbers only, for epochs, steps and layers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def plain_log(axis: Any) -> None:
    """A logarithmic axis with plain numbers at 1, 2, 5, 10, ..."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def label_ends(axes: Any, ends: Sequence[tuple[float, str, dict[str, Any]]], gap: float = 0.06) -> None:
    """Write the names of curves at their right ends, moved apart where they would overlap, with a line to the curve.

    Args:
        ends: of each curve the last y, its name and its colour and dashes, as `lines` gives them.
        gap: least distance between two names, as a fraction of the height of the axes.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    right = axes.get_xlim()[1]
    ends = sorted(ends, key=lambda end: end[0])
    heights = [float(to_axes.transform((right, y))[1]) for y, _, _ in ends]
    heights = list(itertools.accumulate(heights, lambda below, height: max(below + gap, height)))
    limit = 1.0
    for index in reversed(range(len(heights))):
        limit = heights[index] = min(heights[index], limit)
        limit -= gap
    for height, (y, name, look) in zip(heights, ends, strict=True):
        leader = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, "linewidth": 1.5, "relpos": (0.0, 0.5), **look}
        axes.annotate(
            name,
            (right, y),
            (1.09, height),
            "data",
            "axes fraction",
            leader,
            color=look["color"],
            va="center",
            fontsize=9,
        )
