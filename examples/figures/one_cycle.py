"""1cycle: while the learning rate rises and falls, the momentum falls and rises."""

from pathlib import Path

from _shared import run

from ravine import plots
from ravine.optimizers import schedules
from ravine.plots import style


def draw(out: Path, steps: int = 1000) -> Path:
    file = out / "one_cycle.png"
    cycle = schedules.OneCycle(0.1, steps)
    with style.panels("one_cycle", file, rows=2, size=(7, 4.2), sharex=True) as [rate, momentum]:
        plots.plot_schedules(cycle, steps, ax=rate)
        plots.plot_schedules(cycle.momentum, steps, ax=momentum)
        rate.set_xlabel("")
        momentum.set(ylabel="momentum", ylim=(0.8, 1.0))
        momentum.get_lines()[0].set_color(style.ORANGE)
    return file


if __name__ == "__main__":
    run(draw)
