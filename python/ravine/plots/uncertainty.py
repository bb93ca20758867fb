"""Probabilities that are not sure of themselves: means with bars of their spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine.plots import style


def plot_uncertainty(
    mean: Any,
    std: Any,
    names: Sequence[str] | None = None,
    target: int | None = None,
    title: str = "",
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw the class probabilities of one sample as bars, with one standard deviation up and down.

    Args:
        mean, std: of shape (classes,), over many stochastic predictions (Monte Carlo dropout, an ensemble).
        names: of the classes; default their numbers.
        target: the true class, which is drawn in another colour.
        title: above the panel.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure.

    Returns:
        the Matplotlib figure.

    Raises:
        ValueError: `mean` and `std` are not two vectors of one length.
    """
    mean, std = np.asarray(mean, dtype=float), np.asarray(std, dtype=float)
    if mean.ndim != 1 or mean.shape != std.shape:
        raise ValueError(
            f"plot_uncertainty: expected mean and std of one sample, of shape (classes,); received shapes "
            f"{mean.shape} and {std.shape}."
        )
    at = np.arange(len(mean))
    colours = [style.GREEN if index == target else style.SKY for index in at]
    with style.panels("plot_uncertainty", path, ax, size=(6, 3.4)) as [panel]:
        # A probability ends at 0 and 1, whatever the standard deviation says.
        spread = np.stack([np.minimum(std, mean), np.minimum(std, 1 - mean)])
        panel.bar(at, mean, color=colours, yerr=spread, capsize=3, ecolor=style.INK, error_kw={"linewidth": 1.2})
        panel.set(title=title, ylabel="probability", ylim=(0, 1.05))
        panel.set_xticks(at, names or [str(index) for index in at])
        panel.grid(False, axis="x")
    return panel.figure
