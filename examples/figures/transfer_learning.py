"""Transfer learning: the lower layers of a trained network become the start of another."""

import itertools
from pathlib import Path

from _shared import run

from ravine.plots import diagrams, style

REUSED, FRESH, TUNED = "#cfe5f3", "#fde8c8", "#cdebdf"


def draw(out: Path) -> Path:
    file = out / "transfer_learning.png"
    columns = (
        ("1  Network for task A,\ntrained on much data", (FRESH, REUSED, REUSED, REUSED), "output A"),
        ("2  Network for task B:\nnew output, the rest frozen", (FRESH, REUSED, REUSED, REUSED), "output B (new)"),
        ("3  Unfreeze from the top,\nat a lower learning rate", (TUNED, TUNED, TUNED, REUSED), "output B"),
    )
    with diagrams.canvas("transfer_learning", 8.0, 4.6, file) as axes:
        stacks = []
        for index, (title, fills, top) in enumerate(columns):
            x = 1.25 + 2.75 * index
            axes.text(x, 4.25, title, ha="center", va="center", fontsize=10, fontweight="bold")
            names = (top, "hidden 3", "hidden 2", "hidden 1")
            stack = []
            for level, (name, fill) in enumerate(zip(names, fills, strict=True)):
                frozen = index > 0 and fill == REUSED
                words = f"{name}\nfrozen" if frozen else name
                y = 3.45 - 0.75 * level
                stack.append(diagrams.box(axes, x, y, words, fill, width=1.55, height=0.5, size=9, dashed=frozen))
            stack.append(diagrams.box(axes, x, 0.45, "input", width=1.55, height=0.36, size=9))
            for upper, lower in itertools.pairwise(stack):
                diagrams.arrow(axes, lower.top, upper.bottom)
            stacks.append(stack)
        for level in (1, 2, 3):
            diagrams.arrow(axes, stacks[0][level].right, stacks[1][level].left, "copy", colour=style.BLUE, dashed=True)
            diagrams.arrow(axes, stacks[1][level].right, stacks[2][level].left, colour=style.MUTED, dashed=True)
        diagrams.arrow(axes, stacks[1][0].right, stacks[2][0].left, "continue", colour=style.MUTED, dashed=True)
    return file


if __name__ == "__main__":
    run(draw)
