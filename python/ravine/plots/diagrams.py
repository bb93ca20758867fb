"""Boxes and arrows, drawn by Matplotlib: the pieces of workflow diagrams and of pictures of models.

All lengths are inches from the lower left corner of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ravine.plots import style

POINTS_PER_INCH = 72
LARGEST_SIDE = 30_000  # pixels; the Agg renderer ends at 2^16


@dataclass(frozen=True)
class Cell:
    """A rectangle with words. Width and height are what the words need, or more."""

    text: str
    size: float = 10
    bold: bool = False
    ink: str = style.INK
    fill: str = "white"


@dataclass(frozen=True)
class Box:
    """Where a box lies in a drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> tuple[float, float]:
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x, self.y - self.height / 2

    @property
    def left(self) -> tuple[float, float]:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y


@contextmanager
def canvas(what: str, width: float, height: float, path: style.Path | None = None, dpi: int = 100) -> Iterator[Any]:
    """Empty axes of `width` x `height` inches, with one inch as the unit; saved to `path` at the end.

    A drawing that would be larger than an image can be gets fewer dots per inch.
    """
    with style.drawing(what):
        from matplotlib.figure import Figure

        dpi = max(1, min(dpi, int(LARGEST_SIDE / max(width, height))))
        figure = Figure(figsize=(width, height), dpi=dpi)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        yield axes
        if path is not None:
            figure.savefig(path)


def extent(cell: Cell, padding: float = 0.09) -> tuple[float, float]:
    """The width and height that the words of a cell need. Only inside of `style.drawing`."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=cell.size, weight="bold" if cell.bold else "normal")
    lines = cell.text.split("\n")
    width = max(text_to_path.get_text_width_height_descent(line or " ", font, False)[0] for line in lines)
    return width / POINTS_PER_INCH + 2 * padding, len(lines) * cell.size * 1.3 / POINTS_PER_INCH + 1.4 * padding


def table_extent(rows: Sequence[Sequence[Cell]]) -> tuple[float, float]:
    """The width and height of a `table`. Only inside of `style.drawing`."""
    sizes = [[extent(cell) for cell in row] for row in rows]
    return max(sum(w for w, _ in row) for row in sizes), sum(max(h for _, h in row) for row in sizes)


def table(axes: Any, x: float, y: float, rows: Sequence[Sequence[Cell]]) -> Box:
    """Draw rows of cells, centred at (x, y); each row is stretched to the width of the widest."""
    width, height = table_extent(rows)
    top = y + height / 2
    for row in rows:
        sizes = [extent(cell) for cell in row]
        row_height = max(h for _, h in sizes)
        spare = (width - sum(w for w, _ in sizes)) / len(row)
        left = x - width / 2
        for cell, (cell_width, _) in zip(row, sizes, strict=True):
            _rectangle(axes, left, top - row_height, cell_width + spare, row_height, cell)
            left += cell_width + spare
        top -= row_height
    return Box(x, y, width, height)


def box(
    axes: Any,
    x: float,
    y: float,
    text: str,
    fill: str = style.PAPER,
    width: float | None = None,
    height: float | None = None,
    edge: str = style.INK,
    dashed: bool = False,
    **words: Any,
) -> Box:
    """Draw a box with rounded corners around words, centred at (x, y)."""
    cell = Cell(text, fill=fill, **words)
    least = extent(cell)
    width, height = width or least[0], height or least[1]
    _rectangle(axes, x - width / 2, y - height / 2, width, height, cell, edge, rounded=True, dashed=dashed)
    return Box(x, y, width, height)


def arrow(
    axes: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str = "",
    colour: str = style.INK,
    dashed: bool = False,
    bend: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.12),
) -> None:
    """Draw an arrow, with words beside its middle, `offset` inches away. `bend` is its arc, in lengths."""
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "mutation_scale": 12, "shrinkA": 1, "shrinkB": 1}
    look.update(linestyle=(0, (4, 2)) if dashed else "-", connectionstyle=f"arc3,rad={bend}")
    axes.annotate("", end, start, arrowprops=look)
    if text:
        middle = ((start[0] + end[0]) / 2 + offset[0], (start[1] + end[1]) / 2 + offset[1])
        axes.text(*middle, text, color=colour, fontsize=9, ha="center", va="center")


def frame(axes: Any, left: float, bottom: float, width: float, height: float, title: str) -> None:
    """Draw a dashed frame around a group, with its title in the upper left corner."""
    _rectangle(
        axes, left, bottom, width, height, Cell("", fill="none"), style.MUTED, rounded=True, dashed=True, below=True
    )
    axes.text(left + 0.08, bottom + height - 0.06, title, fontsize=9, color=style.MUTED, ha="left", va="top")


def _rectangle(
    axes: Any,
    left: float,
    bottom: float,
    width: float,
    height: float,
    cell: Cell,
    edge: str = style.INK,
    rounded: bool = False,
    dashed: bool = False,
    below: bool = False,
) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = "round,pad=0,rounding_size=0.06" if rounded else "square,pad=0"
    patch = FancyBboxPatch(
        (left, bottom), width, height, shape, facecolor=cell.fill, edgecolor=edge, linewidth=1.1,
        linestyle=(0, (4, 3)) if dashed else "-", zorder=0.5 if below else 2,
    )  # fmt: skip
    axes.add_patch(patch)
    axes.text(
        left + width / 2, bottom + height / 2, cell.text, fontsize=cell.size, color=cell.ink, ha="center",
        va="center_baseline" if "\n" not in cell.text else "center", linespacing=1.7 if "$" in cell.text else 1.3,
        fontweight="bold" if cell.bold else "normal", zorder=3,
    )  # fmt: skip
