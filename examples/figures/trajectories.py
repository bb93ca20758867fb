"""Six optimizers walk down a long valley."""

from pathlib import Path

from _shared import run

from ravine import optimizers, plots


def draw(out: Path, steps: int = 60) -> Path:
    file = out / "trajectories.png"
    contestants = {
        "SGD, 0.09": optimizers.SGD(0.09),
        "momentum 0.9": optimizers.SGD(0.02, momentum=0.9),
        "Nesterov": optimizers.SGD(0.02, momentum=0.9, nesterov=True),
        "AdaGrad": optimizers.Adagrad(0.6),
        "RMSProp": optimizers.RMSprop(0.1),
        "Adam": optimizers.Adam(0.2),
    }
    plots.plot_trajectories(contestants, steps=steps, path=file)
    return file


if __name__ == "__main__":
    run(draw)
