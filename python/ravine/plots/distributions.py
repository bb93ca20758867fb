"""Histograms: of weights, of activations, of anything that comes in large numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ravine.plots import style


def plot_distributions(
    values: Mapping[str, Any],
    bins: int = 81,
    limits: tuple[float, float] | None = None,
    log: bool = False,
    zero: float | None = None,
    xlabel: str = "value",
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw a histogram of each set of numbers, one below the other over the same horizontal axis.

    Args:
        values: arrays of any shape, by the names to show. NaN and infinity are counted, not drawn.
        bins: how many, over the range of all numbers or `limits`.
        limits: the horizontal range; numbers outside of it are counted in the outermost bins.
        log: counts on a logarithmic axis, which shows the few among the many.
        zero: what counts as zero; when given, each panel says how many of its numbers are not larger.
        xlabel: what the numbers are.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure, one for each set.

    Returns:
        the Matplotlib figure.

    Raises:
        ValueError: there is nothing to draw.
    """
    sets = {name: np.asarray(x, dtype=float).ravel() for name, x in values.items()}
    lost = {name: int(np.sum(~np.isfinite(x))) for name, x in sets.items()}
    sets = {name: x[np.isfinite(x)] for name, x in sets.items()}
    if not sets or not all(x.size for x in sets.values()):
        empty = [f"{name!r} has none" for name, x in sets.items() if not x.size]
        raise ValueError(
            "plot_distributions: expected at least one set of numbers, with finite ones in each; "
            f"{', '.join(empty) or 'there is no set'}."
        )
    low, high = limits or (min(x.min() for x in sets.values()), max(x.max() for x in sets.values()))
    edges = np.linspace(low, high, bins + 1) if high > low else bins
    size = (8.0, 0.6 + 1.25 * len(sets))
    with style.panels("plot_distributions", path, ax, rows=len(sets), size=size, sharex=True) as axes:
        looks = style.lines(len(sets))
        for panel, (name, x), look in zip(axes, sets.items(), looks, strict=True):
            panel.hist(np.clip(x, low, high), edges, color=look["color"], log=log)
            note = f"mean {x.mean():.2g}, std {x.std():.2g}"
            if zero is not None:
                note += f"; {np.mean(np.abs(x) <= zero):.0%} at most {zero:g} in size"
            if lost[name]:
                note += f"; {lost[name]} NaN or infinite"
            panel.set_title(name, fontsize=10, loc="left")
            panel.set_title(note, fontsize=9, loc="right", fontweight="normal")
            panel.grid(False, axis="x")
            if not log:
                panel.set_yticks([])
                panel.spines["left"].set_visible(False)
        axes[-1].set_xlabel(xlabel)
    return axes[0].figure


def plot_weights(
    model: Any, kernels_only: bool = True, bins: int = 81, path: style.Path | None = None, ax: Any = None
) -> Any:
    """Draw the distribution of each weight of a model, layer by layer.

    Args:
        model: a model or a layer that is built.
        kernels_only: leave out biases and other vectors and single numbers.
        bins, path, ax: as for `plot_distributions`.

    Returns:
        the Matplotlib figure.

    Raises:
        ValueError: there is no such weight; the model may not be built.
    """
    weights = {v.path: v.numpy() for v in model.weights if len(v.shape) > 1 or not kernels_only}
    if not weights:
        raise ValueError(f"plot_weights: {model.name!r} has no weights to draw. Is it built?")
    return plot_distributions(weights, bins, zero=1e-3, xlabel="weight", path=path, ax=ax)
