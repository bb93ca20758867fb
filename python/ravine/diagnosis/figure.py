"""A report as a figure."""

from __future__ import annotations

import math
import os
import textwrap
from typing import Any

from ravine.diagnosis.report import LayerHealth, Report
from ravine.plots import style

_USUAL_UPDATES = (1e-4, 1e-2)
_LONGEST_NAME = 20


def draw(report: Report, path: str | os.PathLike | None = None) -> Any:
    """Four panels over the layers: spread of the activations, gradients, updates, and units that do not work."""
    layers = report.layers
    with style.panels("Report.plot", path, columns=2, rows=2, size=(10.0, 7.0)) as panels:
        activations, gradients, updates, shares = panels
        _curve(activations, layers, "std", style.BLUE, "standard deviation")
        _curve(activations, layers, "mean", style.ORANGE, "|mean|")
        activations.set_title("Activations")
        _curve(gradients, layers, "gradient_norm", style.BLUE, "of the output (per sample)")
        _curve(gradients, layers, "relative_gradient", style.ORANGE, "of the weights / weights")
        gradients.set_title("Gradients")
        updates.axhspan(*_USUAL_UPDATES, color=style.GREEN, alpha=0.15, linewidth=0, label="usual")
        _curve(updates, layers, "update_ratio", style.BLUE, "one step / weights")
        updates.set_title("Updates")
        _bars(shares, layers)
        for axes in (activations, gradients, updates):
            axes.set_yscale("log")
        for axes in panels:
            _label(axes, layers)
        verdict = "healthy" if report.healthy else ", ".join(dict.fromkeys(report.problems))
        shares.figure.suptitle("\n".join(textwrap.wrap(f"{report.model}: {verdict}", 90)))
    return shares.figure


def _curve(axes: Any, layers: tuple[LayerHealth, ...], quantity: str, colour: str, label: str) -> None:
    values = [getattr(x, quantity) for x in layers]
    # What a logarithmic axis cannot show leaves a gap.
    heights = [abs(v) if v is not None and 0 < abs(v) < math.inf else math.nan for v in values]
    shown = sum(not math.isnan(height) for height in heights)
    if shown:
        axes.plot(heights, color=colour, marker="o" if shown <= 40 else None, markersize=4, label=label)


def _bars(axes: Any, layers: tuple[LayerHealth, ...]) -> None:
    for quantity, colour, shift in (("saturated", style.ORANGE, -0.2), ("dead", style.BLUE, 0.2)):
        bars = [(place + shift, value) for place, x in enumerate(layers) if (value := getattr(x, quantity)) is not None]
        if bars:
            axes.bar(*zip(*bars, strict=True), width=0.4, color=colour, label=quantity)
    axes.set_ylim(0, 1)
    axes.set_title("Share of saturated values and dead units")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:9]}…{name[-10:]}"


def _label(axes: Any, layers: tuple[LayerHealth, ...]) -> None:
    step = -(-len(layers) // 12)
    places = list(range(0, len(layers), step))
    axes.set_xticks(places, [_short(layers[place].name) for place in places], rotation=40, ha="right", fontsize=8)
    axes.set_xlim(-0.7, len(layers) - 0.3)
    axes.grid(False, axis="x")
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
