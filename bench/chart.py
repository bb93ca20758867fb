"""A bar chart of the ratios, as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: What is drawn, in this order: a name, the family of its forms, their kind, and a color.
_SERIES = (
    ("PyTorch, fastest bare step", "torch", "bare", "#e4572e"),
    ("JAX, fastest bare step", "jax", "bare", "#3f7cac"),
    ("onnxruntime", "onnxruntime", "bare", "#8d99ae"),
    ("scikit-learn", "sklearn", "loop", "#e9a23b"),
    ("Keras, fastest backend", "keras", "loop", "#a61e4d"),
)
_OURS = "#17694b"
_FAINT = "#d9dde2"

_TITLES = {
    "fashion_mlp": "784-300-100-10\nReLU, SGD",
    "fashion_mlp_adam": "784-300-100-10\nReLU, Adam",
    "bn_mlp": "784-300-100-10\nbatch norm, Nesterov",
    "deep20": "3072-20x100-10\nSiLU, Nadam",
    "deep20_bn": "3072-20x100-10\nbatch norm, Nadam",
    "selu100": "784-100x100-10\nSELU, SGD",
    "dropout_mlp": "784-100-100-10\ndropout, momentum",
    "tabular": "8-30-30-1\nReLU, SGD",
    "autoencoder": "784-256-64-256-784\nAdam, batch 128",
    "wide": "1024-2x4096-1000\nAdam, batch 256",
    "fashion_mlp_predict_1": "784-300-100-10\npredict 1 row",
    "fashion_mlp_predict_1024": "784-300-100-10\npredict 1024 rows",
    "deep20_predict_1": "3072-20x100-10\npredict 1 row",
    "deep20_predict_1024": "3072-20x100-10\npredict 1024 rows",
}


def bars_of(row: dict[str, Any]) -> dict[str, float]:
    """The ratio of every series that took part: that of its fastest form."""
    bars = {}
    for name, family, kind, _ in _SERIES:
        ratios = [
            peer["ratio"]
            for label, peer in row["peers"].items()
            if label.split("-")[0] == family and peer["kind"] == kind
        ]
        if ratios:
            bars[name] = min(ratios)
    return bars


def _number(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"


def _draw(axis: Any, rows: list[dict[str, Any]], limits: tuple[float, float]) -> None:
    colors = {name: color for name, _, _, color in _SERIES}
    ticks, names, position = [], [], 0.0
    for row in rows:
        bars = bars_of(row)
        ticks.append(position + (len(bars) - 1) / 2)
        names.append(_TITLES.get(row["workload"], row["workload"]))
        for name, ratio in bars.items():
            low, high = sorted((1.0, ratio))
            axis.barh(position, high - low, left=low, height=0.86, color=colors[name], zorder=2)
            beside = {"ha": "left", "x": ratio * 1.04} if ratio >= 1 else {"ha": "right", "x": ratio / 1.04}
            axis.text(y=position, s=_number(ratio), va="center_baseline", fontsize=7.5, color="#333333", **beside)
            position += 1
        position += 1.1
    axis.set_ylim(position - 1.3, -0.9)
    axis.set_xscale("log")
    axis.set_xlim(limits)
    shown = [tick for tick in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if limits[0] <= tick <= limits[1]]
    axis.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axis.set_xticks([], minor=True)
    axis.set_yticks(ticks, names, fontsize=8, linespacing=1.25)
    axis.grid(axis="x", color=_FAINT, linewidth=0.8, zorder=0)
    axis.axvline(1, color=_OURS, linewidth=2.2, zorder=3)
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axis.tick_params(length=0, labelsize=8, colors="#333333")


def save_chart(report: dict[str, Any], path: Path) -> None:
    """Bars are times per step relative to ravine's (the line at 1), logarithmic: longer is slower."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in report["rows"] if bars_of(row)]
    if not rows:
        raise ValueError("There is nothing to draw: no workload was measured against a peer.")
    counts = list(dict.fromkeys(row["threads"] for row in rows))
    panels = [[row for row in rows if row["threads"] == threads] for threads in counts]
    ratios = [ratio for row in rows for ratio in bars_of(row).values()]
    limits = (min(0.93, min(ratios) / 1.35), max(ratios) * 1.45)
    lines = max(sum(len(bars_of(row)) + 1.1 for row in panel) for panel in panels)
    height = 1.15 + 0.155 * lines
    # One column of names serves all panels where they show the same bars.
    same = len({tuple((row["workload"], *bars_of(row)) for row in panel) for panel in panels}) == 1
    width = max(1.7 + 4.1 * len(counts), 8.0)
    figure, axes = plt.subplots(1, len(counts), figsize=(width, height), squeeze=False)
    for index, (axis, threads, panel) in enumerate(zip(axes[0], counts, panels, strict=True)):
        _draw(axis, panel, limits)
        if index and same:
            axis.set_yticklabels([])
        axis.set_title(f"{threads} {'thread' if threads == 1 else 'threads'}", loc="left", fontsize=10, color="#333333")
    used = [(name, color) for name, _, _, color in _SERIES if any(name in bars_of(row) for row in rows)]
    handles = [plt.Line2D([], [], color=_OURS, linewidth=2.2)]
    handles += [plt.Rectangle((0, 0), 1, 1, color=color) for _, color in used]
    figure.text(
        0.012,
        1 - 0.1 / height,
        "Time per training step and per prediction, relative to ravine (shorter is faster)",
        va="top",
        fontsize=11.5,
        fontweight="bold",
        color="#222222",
    )
    figure.legend(
        handles,
        ["ravine = 1", *(name for name, _ in used)],
        loc="upper left",
        bbox_to_anchor=(0.004, 1 - 0.31 / height),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        handlelength=1.0,
        handletextpad=0.5,
        columnspacing=1.1,
    )
    figure.text(0.012, 0.07 / height, report["machine"]["processor"], fontsize=7.5, color="#777777")
    figure.tight_layout(rect=(0, 0.15 / height, 1, 1 - 0.6 / height), w_pad=2.5)
    figure.savefig(path, dpi=150, facecolor="white")
    plt.close(figure)
