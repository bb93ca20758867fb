"""plot_history: learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAIN_COLOUR = "#2563eb"
VALIDATION_COLOUR = "#ea580c"


def plot_history(history: Any, to_file: str | None = None, metrics: list[str] | None = None, title: str | None = None):
    """Draw the learning curves of one `fit`: a panel per quantity, training and validation together.

    Args:
        history: what `fit` returned, or its `.history` dict.
        to_file: path of a PNG (or any format Matplotlib writes by its extension) to save to.
        metrics: names to draw; default is every quantity but the learning rate, the loss last.
        title: above all panels.

    Returns:
        the Matplotlib figure.

    Raises:
        ImportError: Matplotlib is not installed (`pip install ravine[plot]`).
        ValueError: there is nothing to draw.
    """
    values: Mapping[str, list[float]] = getattr(history, "history", history)
    epochs = [epoch + 1 for epoch in getattr(history, "epoch", [])]
    names = metrics or [n for n in values if not n.startswith("val_") and n != "learning_rate"]
    if not names or not all(values.get(name) for name in names):
        raise ValueError(f"plot_history: nothing to draw for {names} in a history with {list(values) or 'no entries'}.")
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        raise ImportError("plot_history needs Matplotlib: pip install ravine[plot]") from error

    # A Figure without pyplot: no display is needed and nothing global changes.
    figure = Figure(figsize=(5.2 * len(names), 4.0), dpi=150, layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _draw(axes, name, values, epochs)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if title:
        figure.suptitle(title, fontsize=13, fontweight="bold")
    if to_file is not None:
        figure.savefig(to_file)
    return figure


def _draw(axes, name: str, values: Mapping[str, list[float]], epochs: list[int]) -> None:
    curves = [("training", values[name], TRAIN_COLOUR)]
    if values.get(f"val_{name}"):
        curves.append(("validation", values[f"val_{name}"], VALIDATION_COLOUR))
    for label, curve, colour in curves:
        at = epochs if len(epochs) == len(curve) else range(1, len(curve) + 1)
        axes.plot(at, curve, color=colour, linewidth=2, marker="o" if len(curve) <= 30 else None, markersize=4,
                  label=f"{label} ({curve[-1]:.4f})")  # fmt: skip
    axes.set_title(name.replace("_", " "), fontsize=12)
    axes.set_xlabel("epoch")
    axes.grid(True, color="#e5e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False)
