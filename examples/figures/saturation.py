"""Why the sigmoid lets gradients vanish: far from 0 it is flat."""

from pathlib import Path

import numpy as np
from _shared import run

from ravine import activations
from ravine.plots import style


def draw(out: Path) -> Path:
    file = out / "saturation.png"
    z = np.linspace(-6, 6, 301, dtype=np.float32)
    with style.panels("saturation", file, size=(7, 3.8)) as [axes]:
        for left, right in ((-6, -3), (3, 6)):
            axes.axvspan(left, right, color=style.AMBER, alpha=0.15, linewidth=0)
        axes.plot(z, z / 4 + 0.5, color=style.GREEN, linestyle=style.DASHES[1])
        axes.plot(z, activations.sigmoid(z), color=style.BLUE, linewidth=2.5)
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        axes.axhline(1, color=style.MUTED, linewidth=0.8)
        for text, x, y in (
            ("saturated at 0:\nslope below 0.05", -4.5, 0.3),
            ("saturated at 1:\nslope below 0.05", 4.5, 0.7),
        ):
            axes.text(x, y, text, ha="center", va="center")
        arrow = {"arrowstyle": "-|>", "color": style.INK, "shrinkB": 4}
        axes.annotate("at 0 nearly a line,\nof slope 1/4", (0.8, 0.7), (-1.6, 1.02), arrowprops=arrow, ha="center")
        axes.set(xlabel="z", ylabel="sigmoid(z)", xlim=(-6, 6), ylim=(-0.15, 1.2))
        axes.grid(False)
    return file


if __name__ == "__main__":
    run(draw)
