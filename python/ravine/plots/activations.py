"""Activation functions and their derivatives as curves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ravine import activations, ops
from ravine.ops.tracing import Trace
from ravine.plots import style

DEFAULT_NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "swish", "mish")


def plot_activations(
    names: Iterable[Any] | Mapping[str, Any] | str = DEFAULT_NAMES,
    limits: tuple[float, float] = (-5.0, 5.0),
    derivatives: bool = True,
    path: style.Path | None = None,
    ax: Any = None,
) -> Any:
    """Draw activation functions, and beside them their derivatives as the engine computes them in training.

    Args:
        names: what `ravine.activations.get` takes: names, functions written with `ravine.ops`, layers; or a dict of
            labels to them. They are functions of one number each, so `softmax` is not among them.
        limits: the smallest and the largest input.
        derivatives: whether to draw the second panel.
        path: file to save to; its extension is the format.
        ax: Matplotlib axes to draw into instead of a new figure; two of them with derivatives.

    Returns:
        the Matplotlib figure.
    """
    functions = _labelled(names)
    x = np.linspace(*limits, 1001, dtype=np.float32)
    with style.panels("plot_activations", path, ax, columns=1 + derivatives, size=(8, 4.4)) as axes:
        for (label, function), look in zip(functions.items(), style.lines(len(functions)), strict=True):
            values, slopes = value_and_slope(function, x)
            for panel, y in zip(axes, (values, slopes), strict=False):
                panel.plot(x, _broken_at_jumps(y), label=label, **look)
        for panel, title in zip(axes, ("activation f(x)", "derivative df/dx"), strict=False):
            panel.axhline(0, color=style.MUTED, linewidth=0.8, zorder=0)
            panel.axvline(0, color=style.MUTED, linewidth=0.8, zorder=0)
            panel.set(title=title, xlabel="x", xlim=limits)
        axes[0].legend(ncols=1 + (len(functions) > 5), loc="upper left")
    return axes[0].figure


def value_and_slope(function: Callable, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An element-wise function and its derivative at the points `x`, by the engine."""
    trace = Trace()
    with trace:
        points = trace.input("x", x.shape)
        values = trace.tensor(function(points))
        [slopes] = trace.gradients(ops.sum(values), [points])
        if slopes is None:  # a constant
            slopes = trace.constant(np.zeros_like(x))
        outputs = [trace.apply("copy", [y]) for y in (values, slopes)]
    values, slopes = trace.program([points], outputs).run([x])
    return values, slopes


def _labelled(names: Any) -> dict[str, Callable]:
    if isinstance(names, Mapping):
        return {label: activations.get(name) for label, name in names.items()}
    if isinstance(names, str):
        names = [names]
    functions = {}
    for name in names:
        function = activations.get(name)
        functions[name if isinstance(name, str) else getattr(function, "__name__", None) or function.name] = function
    return functions


def _broken_at_jumps(y: np.ndarray) -> np.ndarray:
    """`y` without the steep connecting line where a derivative jumps."""
    y = np.array(y, dtype=float)
    jumps = np.flatnonzero(np.abs(np.diff(y)) > 0.1 * max(1e-12, np.ptp(y)))
    y[jumps] = np.nan
    return y
