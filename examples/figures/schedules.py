"""Learning-rate schedules over the steps of a training."""

from pathlib import Path

from _shared import run

from ravine import plots
from ravine.optimizers import schedules
from ravine.plots import style


def draw(out: Path, steps: int = 1000) -> Path:
    file = out / "schedules.png"
    part = steps // 4
    falling = {
        "power": schedules.PowerDecay(0.1, decay_steps=part, power=1.0),
        "exponential": schedules.ExponentialDecay(0.1, decay_steps=2 * part, decay_rate=0.1),
        "exponential, staircase": schedules.ExponentialDecay(0.1, part, 0.1**0.5, staircase=True),
        "piecewise constant": schedules.PiecewiseConstantDecay([part, 3 * part], [0.1, 0.05, 0.01]),
        "polynomial": schedules.PolynomialDecay(0.1, steps, 0.0, power=2.0),
    }
    waving = {
        "cosine": schedules.CosineDecay(0.1, steps),
        "cosine after warmup": schedules.CosineDecay(0.0, 3 * part, warmup_target=0.1, warmup_steps=part),
        "cosine with restarts": schedules.CosineDecayRestarts(0.1, part, m_mul=0.8),
        "1cycle": schedules.OneCycle(0.1, steps),
    }
    with style.panels("schedules", file, columns=2, size=(8, 3.9), sharey=True) as axes:
        for panel, group in zip(axes, (falling, waving), strict=True):
            plots.plot_schedules(group, steps, ax=panel)
            panel.legend(loc="upper right")
            panel.set_ylim(0, 0.145)
        axes[1].set_ylabel("")
    return file


if __name__ == "__main__":
    run(draw)
