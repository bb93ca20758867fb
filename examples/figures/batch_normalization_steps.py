"""What a batch normalization does with one batch, step by step."""

import itertools
from pathlib import Path

from _shared import run

from ravine.plots import diagrams, style

STEPS = (
    ("batch of inputs\nx", style.PAPER),
    ("mean and variance\nof the batch\n$\\mu_B,\\ \\sigma_B^2$", "#fde8c8"),
    ("normalize\n$\\hat{x} = (x - \\mu_B)\\,/$\n$\\sqrt{\\sigma_B^2 + \\epsilon}$", "#cfe5f3"),
    ("scale and shift\n$y = \\gamma \\hat{x} + \\beta$", "#cdebdf"),
    ("activation", style.PAPER),
)


def draw(out: Path) -> Path:
    file = out / "batch_normalization_steps.png"
    with diagrams.canvas("batch_normalization_steps", 8.0, 2.7, file) as axes:
        boxes = [
            diagrams.box(axes, 0.85 + 1.575 * index, 1.75, text, fill, width=1.4, height=1.05, size=9.5)
            for index, (text, fill) in enumerate(STEPS)
        ]
        for before, after in itertools.pairwise(boxes):
            diagrams.arrow(axes, before.right, after.left)
        moving = diagrams.box(
            axes, 2.425, 0.45, "moving averages, momentum 0.99:\nused instead of the batch at test time",
            width=3.0, height=0.55, dashed=True, size=9,
        )  # fmt: skip
        diagrams.arrow(axes, boxes[1].bottom, moving.top, "each step", dashed=True, offset=(0.45, 0.0))
        learned = diagrams.box(
            axes, boxes[3].x, 0.45, "trained weights $\\gamma$ and $\\beta$\none each per feature",
            width=2.2, height=0.55, size=9,
        )  # fmt: skip
        diagrams.arrow(axes, learned.top, boxes[3].bottom)
    return file


if __name__ == "__main__":
    run(draw)
