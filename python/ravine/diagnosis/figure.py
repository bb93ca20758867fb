"""A report as a figure."""

from __future__ import annotations

import os
from typing import Any

from ravine.diagnosis.report import LayerHealth, Report

BLUE, ORANGE, GREEN = "#2563eb", "#ea580c", "#059669"
HEALTHY = "#dcfce7"


def draw(report: Report, path: str | os.PathLike | None = None) -> Any:
    """Four panels over the layers: spread of the activations, gradients, updates, and units that do not work."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('Report.plot needs Matplotlib: pip install "ravine[plot]"') from error
    layers = report.layers
    figure = Figure(figsize=(10, 7), dpi=100, layout="constrained")
    activations, gradients, updates, shares = figure.subplots(2, 2).ravel()
    _curve(activations, layers, "std", BLUE, "standard deviation")
    _curve(activations, layers, "mean", ORANGE, "|mean|")
    activations.set_title("Activations")
    _curve(gradients, layers, "gradient_norm", BLUE, "of the output (per sample)")
    _curve(gradients, layers, "relative_gradient", ORANGE, "of the weights / weights")
    gradients.set_title("Gradients")
    updates.axhspan(1e-4, 1e-2, color=HEALTHY, label="usual")
    _curve(updates, layers, "update_ratio", BLUE, "one step / weights")
    updates.set_title("Updates")
    _bars(shares, layers)
    for axes in (activations, gradients, updates):
        axes.set_yscale("log")
    for axes in (activations, gradients, updates, shares):
        _label(axes, layers)
    verdict = "healthy" if report.healthy else ", ".join(dict.fromkeys(report.problems))
    figure.suptitle(f"{report.model}: {verdict}", fontsize=13, fontweight="bold")
    if path is not None:
        figure.savefig(path)
    return figure


def _curve(axes: Any, layers: tuple[LayerHealth, ...], quantity: str, colour: str, label: str) -> None:
    points = [(place, abs(value)) for place, x in enumerate(layers) if (value := getattr(x, quantity)) is not None]
    points = [(place, value) for place, value in points if 0 < value < float("inf")]
    if points:
        marker = "o" if len(points) <= 40 else None
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=4, linewidth=1.8, label=label)


def _bars(axes: Any, layers: tuple[LayerHealth, ...]) -> None:
    for quantity, colour, shift in (("saturated", ORANGE, -0.2), ("dead", BLUE, 0.2)):
        bars = [(place + shift, value) for place, x in enumerate(layers) if (value := getattr(x, quantity)) is not None]
        if bars:
            axes.bar(*zip(*bars, strict=True), width=0.4, color=colour, label=quantity)
    axes.set_ylim(0, 1)
    axes.set_title("Share of saturated values and dead units")


def _label(axes: Any, layers: tuple[LayerHealth, ...]) -> None:
    step = -(-len(layers) // 12)
    places = list(range(0, len(layers), step))
    axes.set_xticks(places, [layers[place].name for place in places], rotation=40, ha="right", fontsize=8)
    axes.set_xlim(-0.7, len(layers) - 0.3)
    axes.grid(True, axis="y", color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
