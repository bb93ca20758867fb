"""Pretraining without labels: an autoencoder's lower half becomes the start of a classifier."""

import itertools
from pathlib import Path

from _shared import run

from ravine.plots import diagrams, style

REUSED, FRESH, TUNED = "#cfe5f3", "#fde8c8", "#cdebdf"


def draw(out: Path) -> Path:
    file = out / "unsupervised_pretraining.png"
    with diagrams.canvas("unsupervised_pretraining", 8.0, 4.5, file) as axes:
        titles = ((1.6, "1  Autoencoder,\nmany images without labels"), (6.0, "2  Classifier,\nfew images with labels"))
        for x, title in titles:
            axes.text(x, 4.15, title, ha="center", va="center", fontsize=10, fontweight="bold")
        left = [
            diagrams.box(axes, 1.6, 3.4, "reconstruction", FRESH, width=1.9, height=0.42, size=9),
            diagrams.box(axes, 1.6, 2.75, "decoder", FRESH, width=1.5, height=0.42, size=9),
            diagrams.box(axes, 1.6, 1.95, "encoder 2", REUSED, width=1.5, height=0.42, size=9),
            diagrams.box(axes, 1.6, 1.25, "encoder 1", REUSED, width=1.9, height=0.42, size=9),
            diagrams.box(axes, 1.6, 0.45, "image + noise", width=1.9, height=0.36, size=9),
        ]
        right = [
            diagrams.box(axes, 6.0, 2.75, "softmax (new)", FRESH, width=1.5, height=0.42, size=9),
            diagrams.box(axes, 6.0, 1.95, "encoder 2", TUNED, width=1.5, height=0.42, size=9),
            diagrams.box(axes, 6.0, 1.25, "encoder 1", TUNED, width=1.9, height=0.42, size=9),
            diagrams.box(axes, 6.0, 0.45, "image", width=1.9, height=0.36, size=9),
        ]
        for stack in (left, right):
            for upper, lower in itertools.pairwise(stack):
                diagrams.arrow(axes, lower.top, upper.bottom)
        for source, target in zip(left[2:4], right[1:3], strict=True):
            diagrams.arrow(axes, source.right, target.left, "copy the weights", colour=style.BLUE, dashed=True)
        axes.text(3.8, 0.45, "first frozen, then fine-tuned\nat a lower learning rate", ha="center", va="center",
                  fontsize=9, color=style.MUTED)  # fmt: skip
    return file


if __name__ == "__main__":
    run(draw)
