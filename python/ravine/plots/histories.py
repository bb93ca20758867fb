"""Learning curves: of one run, of many runs side by side, and of the loss together with the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ravine.plots import style

MOST_TICKS = 8
MOST_COLUMNS = 4


def plot_history(history: Any, to_file: Any = None, metrics: list[str] | None = None, title: str | None = None) -> Any:
    """Draw the learning curves of one `fit`: a panel per quantity, training and validation together.

    Args:
        history: what `fit` returned, or its `.history` dict.
        to_file: path of a PNG (or any format Matplotlib writes by its extension) to save to.
        metrics: names to draw; default is every quantity but the learning rate, the loss last.
        title: above all panels.

    Returns:
        the Matplotlib figure.

    Raises:
        ImportError: Matplotlib is not installed (`pip install "ravine[plot]"`).
        ValueError: there is nothing to draw.
    """
    values = _values("plot_history", history)
    names = metrics or [n for n in values if not n.startswith("val_") and n != "learning_rate"]
    if not names or not all(values.get(name) for name in names):
        raise ValueError(f"plot_history: nothing to draw for {names} in a history with {list(values) or 'no entries'}.")
    rows = -(-len(names) // MOST_COLUMNS)
    columns = -(-len(names) // rows)
    size = (max(5.0, 4.0 * columns), 3.6 * rows)
    with style.panels("plot_history", to_file, columns=columns, rows=rows, size=size, dpi=150) as axes:
        for empty in axes[len(names) :]:
            empty.remove()
        for panel, name in zip(axes, names, strict=False):
            for key, label, colour in ((name, "training", style.BLUE), (f"val_{name}", "validation", style.ORANGE)):
                if values.get(key):
                    _curve(panel, history, key, f"{label} ({values[key][-1]:#.4g})", color=colour)
            panel.set(title=_words(name), xlabel="epoch")
            style.whole_numbers(panel.xaxis)
            panel.legend()
        if title:
            axes[0].figure.suptitle(title)
    return axes[0].figure


def plot_histories(
    histories: Mapping[str, Any],
    metrics: Sequence[str] | None = None,
    log: bool = False,
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw many runs together, a panel per quantity, each curve named at its end: to compare optimizers, for example.

    Args:
        histories: what `fit` returned (or its `.history`), by the name to show.
        metrics: the quantities; default is the loss and, where the runs have it, the validation loss.
        log: a logarithmic vertical axis.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure, one for each quantity.

    Returns:
        the Matplotlib figure.

    Raises:
        ValueError: there is nothing to draw, or a run lacks a quantity.
    """
    runs = {name: _values("plot_histories", history) for name, history in histories.items()}
    if not runs:
        raise ValueError("plot_histories: expected at least one history, received none.")
    if metrics is None:
        metrics = [name for name in ("loss", "val_loss") if all(values.get(name) for values in runs.values())]
    for name, values in runs.items():
        missing = [metric for metric in metrics or ["loss"] if not values.get(metric)]
        if missing:
            raise ValueError(f"plot_histories: {name!r} has no {missing[0]!r}, only {', '.join(values) or 'nothing'}.")
    size = (max(5.6, 4.0 * len(metrics)), 4.4)
    with style.panels("plot_histories", path, ax, columns=len(metrics), size=size) as axes:
        for panel, metric in zip(axes, metrics, strict=True):
            ends = []
            for (name, values), look in zip(runs.items(), style.lines(len(runs)), strict=True):
                _curve(panel, histories[name], metric, name, **look)
                ends.append((values[metric][-1], name, look))
            panel.set(title=_words(metric), xlabel="epoch")
            if log:
                panel.set_yscale("log")
                style.plain_log(panel.yaxis)
            panel.margins(x=0)
            style.whole_numbers(panel.xaxis)
            style.label_ends(panel, ends)
    return axes[0].figure


def plot_learning_rate(history: Any, metric: str | None = None, path: style.Path | None = None, ax: Any = None) -> Any:
    """Draw a quantity and the learning rate over the epochs, on two vertical axes: what `ReduceLROnPlateau` did.

    Args:
        history: what `fit` returned, or its `.history` dict.
        metric: default is `val_loss`, or `loss` without validation.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure.

    Returns:
        the Matplotlib figure; its second axes have the learning rate.

    Raises:
        ValueError: the history has no such quantity, or no learning rate.
    """
    values = _values("plot_learning_rate", history)
    metric = metric or ("val_loss" if values.get("val_loss") else "loss")
    for name in (metric, "learning_rate"):
        if not values.get(name):
            raise ValueError(f"plot_learning_rate: expected {name!r} in the history, received {list(values)}.")
    with style.panels("plot_learning_rate", path, ax, size=(7, 4)) as [panel]:
        _curve(panel, history, metric, _words(metric), color=style.BLUE)
        panel.set(xlabel="epoch")
        panel.set_ylabel(_words(metric), color=style.BLUE)
        style.whole_numbers(panel.xaxis)
        rates = panel.twinx()
        rates.step(
            _epochs(history, "learning_rate"),
            values["learning_rate"],
            where="mid",
            color=style.ORANGE,
            linestyle=style.DASHES[1],
        )
        rates.set_ylabel("learning rate", color=style.ORANGE)
        different = sorted(set(values["learning_rate"]))
        if different[0] > 0:
            rates.set_yscale("log")
        if len(different) <= MOST_TICKS:
            rates.set_yticks(different, [f"{rate:.3g}" for rate in different])
            rates.set_yticks([], minor=True)
        rates.spines["right"].set_visible(True)
        rates.grid(False)
    return panel.figure


def _values(where: str, history: Any) -> Mapping[str, Sequence[float]]:
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping):
        raise TypeError(f"{where}: expected what fit() returned, or its .history, received {type(history).__name__}.")
    return values


def _epochs(history: Any, name: str) -> Sequence[int]:
    """At which epochs, counted from 1, a history has its values of `name`."""
    known = getattr(history, "epochs", {}).get(name, [])
    count = len(getattr(history, "history", history)[name])
    return [epoch + 1 for epoch in known] if len(known) == count else range(1, count + 1)


def _curve(axes: Any, history: Any, name: str, label: str, **look: Any) -> None:
    values = getattr(history, "history", history)[name]
    marker = "o" if len(values) <= 30 else None
    axes.plot(_epochs(history, name), values, label=label, marker=marker, markersize=3.5, **look)


def _words(name: str) -> str:
    return name.replace("val_", "validation ").replace("_", " ")
