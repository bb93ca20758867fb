"""A bar chart of the ratios, as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_COLORS = {"torch": "#ee4c2c", "jax": "#5e97f6", "keras": "#7a0f0f", "sklearn": "#f89939", "onnxruntime": "#6f6f6f"}
_OURS = "#1b7f5c"
_BACKGROUND = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}


def _family_of(label: str) -> str:
    return label.split("-")[0]


def _best_of_families(row: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """The fastest form of every family: label and ratio."""
    best: dict[str, tuple[str, float]] = {}
    for label, peer in row["peers"].items():
        family = _family_of(label)
        if family not in best or peer["ratio"] < best[family][1]:
            best[family] = (label, peer["ratio"])
    return best


def save_chart(report: dict[str, Any], path: Path) -> None:
    """Bars are times per step relative to ravine's (the line at 1), logarithmic: longer is slower."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in report["rows"] if row["peers"]]
    if not rows:
        raise ValueError("There is nothing to draw: no workload was measured against a peer.")
    counts = list(dict.fromkeys(row["threads"] for row in rows))
    families = [family for family in _COLORS if any(family in _best_of_families(row) for row in rows)]
    tallest = max(sum(row["threads"] == threads for row in rows) for threads in counts)
    figure, axes = plt.subplots(
        1, len(counts), figsize=(6.5 * len(counts), 1.8 + tallest * (0.25 + 0.2 * len(families))), squeeze=False
    )
    highest = max(ratio for row in rows for _, ratio in _best_of_families(row).values())
    for axis, threads in zip(axes[0], counts, strict=True):
        ticks, names, position = [], [], 0.0
        for row in (row for row in rows if row["threads"] == threads):
            best = _best_of_families(row)
            present = [family for family in families if family in best]
            ticks.append(position + (len(present) - 1) / 2)
            names.append(row["workload"].replace("_predict_", "\npredict "))
            for family in present:
                label, ratio = best[family]
                axis.barh(position, ratio - 0.1, left=0.1, height=0.85, color=_COLORS[family])
                axis.text(
                    ratio * 1.04, position, f"{ratio:.2f}  {label}", va="center", fontsize=7, bbox=_BACKGROUND, zorder=3
                )
                position += 1
            position += 0.8
        axis.set_yticks(ticks, names)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlim(min(0.5, *(r for row in rows for _, r in _best_of_families(row).values())) * 0.8, highest * 4)
        axis.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
        axis.axvline(1, color=_OURS, linewidth=2)
        axis.set_title(f"{threads} {'thread' if threads == 1 else 'threads'}", loc="left", fontsize=10)
        axis.set_xlabel("time per step relative to ravine (green line)")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    handles = [plt.Rectangle((0, 0), 1, 1, color=_COLORS[family]) for family in families]
    figure.suptitle(f"Fastest form of each peer, {report['machine']['processor']}", x=0.01, ha="left", fontsize=11)
    figure.legend(handles, families, loc="lower left", ncols=len(families), frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.3 / figure.get_figheight(), 1, 1))
    figure.savefig(path, dpi=140)
    plt.close(figure)
