"""The tables."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.report_costs import print_memory, print_overheads, print_scaling, print_techniques
from bench.report_kernels import print_kernels
from bench.tables import format_time, make_table, percent, ratio, threads_text

Result = dict[str, Any]

_FILE_WIDTH = 180


def make_console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_FILE_WIDTH)


def _heading(label: str) -> str:
    return "\n".join(label.split("-"))


def _main_table(rows: list[Result], threads: int) -> Table:
    title = f"{threads_text(threads)}: ravine's time per step, and peer's time : ravine's"
    table = make_table(title, "workload")
    for name in ("ravine", "of FMA\npeak", "fastest\nbare step", "of FMA\npeak", "fastest\nloop"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        if row["ravine"] is None:
            table.add_row(row["workload"], f"[dim]{row['skipped'].get('ravine', '')}[/]")
            continue
        cells = [row["workload"], format_time(row["ravine"]["seconds"]), percent(row["ravine"]["fraction_of_peak"])]
        bare = row["peers"].get(row["fastest"].get("bare"))
        loop = row["peers"].get(row["fastest"].get("loop"))
        cells.append(f"{row['fastest']['bare']} {ratio(bare['ratio'])}" if bare else "")
        cells.append(percent(bare["fraction_of_peak"]) if bare else "")
        cells.append(f"{row['fastest']['loop']} {ratio(loop['ratio'])}" if loop else "")
        table.add_row(*cells)
    return table


def _peer_table(rows: list[Result], threads: int, labels: list[str]) -> Table:
    table = make_table(f"{threads_text(threads)}: every peer's time : ravine's", "workload")
    for label in labels:
        table.add_column(_heading(label), justify="right")
    for row in rows:
        table.add_row(row["workload"], *(ratio(row["peers"][x]["ratio"]) if x in row["peers"] else "" for x in labels))
    return table


def _loss_table(rows: list[Result], labels: list[str]) -> Table:
    table = make_table("The same problem: mean training loss over the first steps", "workload", "threads", "steps")
    for label in ("ravine", *labels):
        table.add_column(_heading(label), justify="right")
    for row in rows:
        everyone = {"ravine": row["ravine"], **row["peers"]}
        losses = [everyone[label]["loss"] if label in everyone else None for label in ("ravine", *labels)]
        cells = ["" if loss is None else f"{loss:.4g}" for loss in losses]
        table.add_row(row["workload"], str(row["threads"]), str(row["loss_after_steps"]), *cells)
    return table


def _limits_table(limits: dict[str, Result]) -> Table:
    table = make_table(
        "The machine, measured: GFLOP/s of fused multiply-adds, GB/s of a copy (read + written)", "threads"
    )
    columns = [
        (group, name) for group in ("flops", "copy_bytes_per_second") for name in next(iter(limits.values()))[group]
    ]
    for _, name in columns:
        table.add_column(name, justify="right")
    for threads, values in limits.items():
        table.add_row(threads, *(f"{values[group][name] / 1e9:.3g}" for group, name in columns))
    return table


def _print_steps(console: Console, report: Result) -> None:
    rows: list[Result] = report["rows"]
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


def print_report(console: Console, report: Result) -> None:
    about = report["machine"]
    console.print(
        f"{about['processor']}, {about['cpus']} CPUs, {about['system']}, load {about['load']:.1f} at the start"
    )
    if report["limits"]:
        console.print(_limits_table(report["limits"]))
    _print_steps(console, report)
    for section, show in (
        ("scaling", print_scaling),
        ("kernels", print_kernels),
        ("overheads", print_overheads),
        ("techniques", print_techniques),
        ("memory", print_memory),
    ):
        if report.get(section):
            show(console, report[section])
