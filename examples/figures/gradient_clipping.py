"""Clipping by value turns a gradient, clipping by norm only shortens it."""

from pathlib import Path

import numpy as np
from _shared import run

from ravine.optimizers.clipping import clip_by_norm, clip_by_value
from ravine.plots import style

GRADIENT = np.array([0.9, 2.4], dtype=np.float32)


def draw(out: Path) -> Path:
    file = out / "gradient_clipping.png"
    clipped = {
        "clipvalue=1 turns it": (clip_by_value(GRADIENT, 1.0), style.ORANGE),
        "clipnorm=1 keeps its direction": (clip_by_norm(GRADIENT, 1.0), style.GREEN),
    }
    with style.panels("gradient_clipping", file, columns=2, size=(8, 4.3), sharey=True) as axes:
        angle = np.linspace(0, 2 * np.pi, 200)
        borders = (([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]), (np.cos(angle), np.sin(angle)))
        for panel, border, (title, (short, colour)) in zip(axes, borders, clipped.items(), strict=True):
            panel.plot(*border, color=style.MUTED, linewidth=1.2, linestyle=style.DASHES[1])
            for vector, look in ((GRADIENT, style.BLUE), (np.asarray(short), colour)):
                arrow = {
                    "arrowstyle": "-|>",
                    "color": look,
                    "linewidth": 2.4,
                    "mutation_scale": 16,
                    "shrinkA": 0,
                    "shrinkB": 0,
                }
                panel.annotate("", vector, (0, 0), arrowprops=arrow)
                words = f"({vector[0]:.2g}, {vector[1]:.2g})"
                panel.annotate(words, vector, (7, 0), textcoords="offset points", color=look, va="center")
            panel.set(title=title, xlim=(-1.25, 2.0), ylim=(-1.25, 2.7), aspect="equal", xlabel="first component")
        axes[0].set_ylabel("second component")
        axes[0].annotate("gradient", GRADIENT / 1.6, (-8, 0), textcoords="offset points", color=style.BLUE, ha="right")
    return file


if __name__ == "__main__":
    run(draw)
