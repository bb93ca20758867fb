"""The tables."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

Result = dict[str, Any]

_FILE_WIDTH = 180


def make_console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_FILE_WIDTH)


def format_time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.0f} %"


def _ratio(peer: Result) -> str:
    color = "green" if peer["ratio"] >= 1.1 else "red" if peer["ratio"] < 1 else "yellow"
    return f"[{color}]{peer['ratio']:.2f}[/]"


def _heading(label: str) -> str:
    return "\n".join(label.split("-"))


def _table(title: str, *left: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in left:
        table.add_column(name, no_wrap=True)
    return table


def _main_table(rows: list[Result], threads: int) -> Table:
    title = f"{threads} {'thread' if threads == 1 else 'threads'}: ravine's time per step, and peer's time : ravine's"
    table = _table(title, "workload")
    for name in ("ravine", "of FMA\npeak", "fastest\nbare step", "of FMA\npeak", "fastest\nloop"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        if row["ravine"] is None:
            table.add_row(row["workload"], f"[dim]{row['skipped'].get('ravine', '')}[/]")
            continue
        cells = [row["workload"], format_time(row["ravine"]["seconds"]), _percent(row["ravine"]["fraction_of_peak"])]
        bare = row["peers"].get(row["fastest"].get("bare"))
        loop = row["peers"].get(row["fastest"].get("loop"))
        cells.append(f"{row['fastest']['bare']} {_ratio(bare)}" if bare else "")
        cells.append(_percent(bare["fraction_of_peak"]) if bare else "")
        cells.append(f"{row['fastest']['loop']} {_ratio(loop)}" if loop else "")
        table.add_row(*cells)
    return table


def _peer_table(rows: list[Result], threads: int, labels: list[str]) -> Table:
    table = _table(f"{threads} {'thread' if threads == 1 else 'threads'}: every peer's time : ravine's", "workload")
    for label in labels:
        table.add_column(_heading(label), justify="right")
    for row in rows:
        table.add_row(row["workload"], *(_ratio(row["peers"][x]) if x in row["peers"] else "" for x in labels))
    return table


def _loss_table(rows: list[Result], labels: list[str]) -> Table:
    table = _table("The same problem: mean training loss over the first steps", "workload", "threads", "steps")
    for label in ("ravine", *labels):
        table.add_column(_heading(label), justify="right")
    for row in rows:
        everyone = {"ravine": row["ravine"], **row["peers"]}
        losses = [everyone[label]["loss"] if label in everyone else None for label in ("ravine", *labels)]
        cells = ["" if loss is None else f"{loss:.4g}" for loss in losses]
        table.add_row(row["workload"], str(row["threads"]), str(row["loss_after_steps"]), *cells)
    return table


def _limits_table(limits: dict[str, Result]) -> Table:
    table = _table("The machine, measured: GFLOP/s of fused multiply-adds, GB/s of a copy (read + written)", "threads")
    columns = [
        (group, name) for group in ("flops", "copy_bytes_per_second") for name in next(iter(limits.values()))[group]
    ]
    for _, name in columns:
        table.add_column(name, justify="right")
    for threads, values in limits.items():
        table.add_row(threads, *(f"{values[group][name] / 1e9:.3g}" for group, name in columns))
    return table


def print_report(console: Console, report: Result) -> None:
    rows: list[Result] = report["rows"]
    about = report["machine"]
    console.print(
        f"{about['processor']}, {about['cpus']} CPUs, {about['system']}, load {about['load']:.1f} at the start"
    )
    if report["limits"]:
        console.print(_limits_table(report["limits"]))
    labels = list(dict.fromkeys(label for row in rows for label in row["peers"]))
    for threads in dict.fromkeys(row["threads"] for row in rows):
        same = [row for row in rows if row["threads"] == threads]
        console.print(_main_table(same, threads))
        measured = [row for row in same if row["peers"]]
        if measured:
            console.print(_peer_table(measured, threads, labels))
        means = report["geometric_means"].get(str(threads), {})
        if means:
            listed = ", ".join(f"{label} {value:.2f}" for label, value in means.items())
            console.print(f"Geometric mean over the training workloads: {listed}\n")
    training = [row for row in rows if row["peers"] and row["loss_after_steps"]]
    if training:
        console.print(_loss_table(training, labels))
    failures = {f"{row['workload']}: {k}: {v}": None for row in rows for k, v in row["skipped"].items() if "fail" in v}
    for failure in failures:
        console.print(f"[red]{failure}[/]", highlight=False)
