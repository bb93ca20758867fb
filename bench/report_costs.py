"""Tables of overheads, scaling and memory, and the targets."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from bench.tables import format_bytes, format_time, make_table, ratio
from bench.targets import judge

Result = dict[str, Any]


def _print_step(console: Console, step: Result) -> None:
    if "overhead" not in step:
        console.print(f"[red]step overhead not measured: {step.get('skipped')}[/]", highlight=False)
        return
    title = f"One training step of {step['workload']} ({step['steps']} steps of its plan), 1 thread, processor time"
    table = make_table(title, "part", right=("time",))
    for name, text in (
        ("fit", "in fit"),
        ("engine", "in the engine's run loop"),
        ("kernels", "its kernels alone, each in a loop"),
        ("engine_overhead", "the run loop beyond the kernels"),
        ("overhead", "fit beyond the kernels"),
    ):
        table.add_row(text, format_time(step[name]))
    console.print(table)


def _print_one_row(console: Console, row: Result) -> None:
    if row["ravine"] is None:
        return
    table = make_table("Predicting one row with tabular's net, from Python, 1 thread", "", right=("time", ": ravine's"))
    table.add_row("ravine", format_time(row["ravine"]["seconds"]), "")
    for label, peer in row["peers"].items():
        table.add_row(label, format_time(peer["seconds"]), ratio(peer["ratio"]))
    console.print(table)


def _print_callbacks(console: Console, found: Result) -> None:
    if not found["rows"]:
        return
    title = "A callback after every batch: time of a step of tabular in fit, 1 thread"
    table = make_table(title, "", right=("without", "with", "difference", "with : ravine's"))
    for label, row in found["rows"].items():
        times = (format_time(row[name]) for name in ("step", "with_callback", "callback"))
        table.add_row(label, *times, "" if label == "ravine" else ratio(row["ratio"]))
    console.print(table)


def print_overheads(console: Console, overheads: Result) -> None:
    _print_step(console, overheads["step"])
    if "one_row" in overheads:
        _print_one_row(console, overheads["one_row"])
    if "callbacks" in overheads:
        _print_callbacks(console, overheads["callbacks"])


def print_scaling(console: Console, rows: list[Result]) -> None:
    for threads in dict.fromkeys(row["threads"] for row in rows):
        title = f"ravine at {threads} threads: time at {threads - 1} : time at {threads}"
        table = make_table(title, "workload", right=("ratio", "quartiles", ""))
        for row in (row for row in rows if row["threads"] == threads):
            if "skipped" in row:
                table.add_row(row["workload"], "", "", str(row["skipped"]))
                continue
            spread = f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"
            note = f"[red]slower than at {threads - 1}[/]" if row["slower"] else ""
            table.add_row(row["workload"], ratio(row["ratio"]), spread, note)
        console.print(table)


def print_techniques(console: Console, found: Result) -> None:
    if "rows" not in found:
        console.print(f"[red]techniques not measured: {found['skipped']}[/]", highlight=False)
        return
    step = f"{found['workload']} with momentum ({format_time(found['seconds'])})"
    title = f"What a technique adds to a step of {step}, 1 thread"
    table = make_table(title, "technique", right=("with : without", "quartiles", "adds", "bytes", "at the\nbandwidth"))
    for name, row in found["rows"].items():
        spread = f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"
        floor = "" if row["bytes_time"] is None else format_time(row["bytes_time"])
        added = format_time(max(row["added"], 0.0))
        table.add_row(name, ratio(row["ratio"]), spread, added, format_bytes(row["bytes"]), floor)
    console.print(table)


def print_memory(console: Console, rows: list[Result]) -> None:
    title = "Peak memory of a training step, 1 thread: what the plan says, and by how much the process grew"
    heads = ("parameters\nand slots", "plan", "ravine", "torch-eager", "torch-eager\n: ravine", "ravine,\nfirst steps")
    table = make_table(title, "workload", right=heads)
    for row in rows:
        ours, theirs = row.get("ravine", {}), row.get("torch-eager", {})
        sizes = (row.get("state"), row.get("plan"), ours.get("step"), theirs.get("step"))
        cells = (*map(format_bytes, sizes), ratio(row.get("ratio")), format_bytes(ours.get("first")))
        table.add_row(row["workload"], *cells)
    console.print(table)


def print_targets(console: Console, report: Result) -> None:
    table = make_table("Targets", "what", "against", right=("threads", "target", "measured", ""))
    marks = {None: "[dim]not measured[/]", True: "[green]reached[/]", False: "[red]not reached[/]"}
    for target in judge(report):
        wanted = f"{'at most ' if target.at_most else ''}{target.target:g}"
        measured = "" if target.measured is None else f"{target.measured:.2f}"
        table.add_row(target.name, target.against, str(target.threads), wanted, measured, marks[target.reached])
    console.print(table)
