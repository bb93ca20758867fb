"""The distributions that the initializers draw from, for a layer of 300 inputs and 100 units."""

from pathlib import Path

from _shared import run

from ravine import initializers, plots


def draw(out: Path, shape: tuple[int, int] = (300, 100)) -> Path:
    file = out / "initial_weights.png"
    kinds = (
        initializers.GlorotUniform(seed=0),
        initializers.GlorotNormal(seed=0),
        initializers.HeNormal(seed=0),
        initializers.HeUniform(seed=0),
        initializers.LecunNormal(seed=0),
    )
    values = {type(kind).__name__: kind(shape) for kind in kinds}
    plots.plot_distributions(values, limits=(-0.2, 0.2), bins=100, xlabel="initial weight", path=file)
    return file


if __name__ == "__main__":
    run(draw)
