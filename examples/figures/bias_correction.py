"""The first steps of momentum and Adam under a constant gradient of 1."""

from pathlib import Path

import numpy as np
from _shared import run

from ravine import optimizers, plots
from ravine.plots import style


def step_sizes(optimizer: optimizers.Optimizer, steps: int) -> np.ndarray:
    """How far each step goes, in learning rates, where the slope is 1 everywhere."""
    path = plots.descend(optimizer, lambda x, y: x + y, start=(0.0, 0.0), steps=steps)
    return -np.diff(path[:, 0]) / float(optimizer.learning_rate)


def draw(out: Path, steps: int = 60) -> Path:
    file = out / "bias_correction.png"
    at = np.arange(1, steps + 1)
    with style.panels("bias_correction", file, columns=2, size=(8, 3.8)) as [momentum, adam]:
        momentum.plot(at, step_sizes(optimizers.SGD(0.01, momentum=0.9), steps), color=style.BLUE)
        momentum.axhline(10, color=style.MUTED, linestyle=style.DASHES[1], linewidth=1.2)
        momentum.text(steps, 10.15, "1 / (1 - 0.9) = 10", ha="right", va="bottom")
        momentum.set(title="momentum 0.9 gathers speed", ylim=(0, 11.5))
        # The averages of Kingma & Ba 2015 for a gradient of 1, before their division by 1 - beta^t.
        without = (1 - 0.9**at) / np.sqrt(1 - 0.999**at)
        adam.plot(at, without, color=style.ORANGE, linestyle=style.DASHES[1], label="without bias correction")
        adam.plot(at, step_sizes(optimizers.Adam(0.01), steps), color=style.BLUE, label="Adam")
        adam.set(title="Adam takes full steps at once", ylim=(0, None))
        adam.legend(loc="center right")
        for panel in (momentum, adam):
            panel.set(xlabel="step", ylabel="length of the step / learning rate", xlim=(1, steps))
    return file


if __name__ == "__main__":
    run(draw)
