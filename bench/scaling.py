"""Does another thread pay? ravine at T and at T - 1 threads, taking turns."""

from __future__ import annotations

import statistics
from typing import Any

from bench.contestants import RAVINE
from bench.measure import Entrant, Log, Settings, interleave, ratios
from bench.workloads import WORKLOADS


def measure_scaling(workloads: list[str], threads: int, settings: Settings, log: Log) -> list[dict[str, Any]]:
    """`ratio` is the time at one thread fewer : the time at `threads`; below 1 the last thread does harm."""
    entrants = [Entrant("with", RAVINE, threads=threads), Entrant("without", RAVINE, threads=threads - 1)]
    rows = []
    for name in workloads:
        rounds = interleave(entrants, WORKLOADS[name], threads, settings, log, required="with")
        row: dict[str, Any] = {"workload": name, "threads": threads}
        if rounds.skipped:
            rows.append({**row, "skipped": rounds.skipped})
            continue
        both = rounds.samples
        row["seconds"] = {
            str(count): statistics.median(both[label].seconds)
            for label, count in (("without", threads - 1), ("with", threads))
        }
        row |= ratios(both["without"], both["with"])
        row["slower"] = row["ratio"] < 1 and row["ratio_high"] < 1
        rows.append(row)
    return rows
