"""Finds regressions: `python -m bench.compare OLD NEW`.

Two JSON files of `python -m bench`: whole steps are compared by their ratios to a peer, since a peer's speed tells how
fast the machine was, and single operations by the fractions that they reach of the FMA peak or of a copy's speed. Two
folders that hold the package `ravine` (builds): measured here, interleaved, which sees smaller differences. The exit
status is 1 when something became slower than the threshold allows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.contestants import RAVINE
from bench.measure import Entrant, Samples, Settings, interleave, ratios
from bench.workloads import MAIN, WORKLOADS


@dataclass(frozen=True)
class Change:
    """`ratio` is the new time : the old time; half of what was seen lies between `low` and `high`."""

    workload: str
    threads: int
    ratio: float
    low: float
    high: float
    note: str

    def verdict(self, limit: float) -> str:
        if self.ratio > limit and self.low > 1:
            return "SLOWER"
        return "faster" if self.ratio < 1 / limit and self.high < 1 else ""


def compare_files(old: Path, new: Path) -> list[Change]:
    before, after = (json.loads(path.read_text()) for path in (old, new))
    return [*compare_steps(before, after), *compare_kernels(before, after)]


def compare_steps(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    before, after = (
        {(row["workload"], row["threads"]): row for row in report["rows"] if row["ravine"]} for report in (old, new)
    )
    changes = []
    for key in before.keys() & after.keys():
        shared = before[key]["peers"].keys() & after[key]["peers"].keys()
        if not shared:
            continue
        # The peer that spread least in either run is the best clock.
        peer = min(
            shared, key=lambda label: max(_spread(before[key]["peers"][label]), _spread(after[key]["peers"][label]))
        )
        first, second = before[key]["peers"][peer], after[key]["peers"][peer]
        changes.append(_change(*key, first, second, "ratio", f"relative to {peer}"))
    return sorted(changes, key=lambda change: (change.threads, change.workload))


def compare_kernels(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Single operations by the fractions of the machine's limits that they reach."""
    before, after = (_fractions(report.get("kernels") or {}) for report in (old, new))
    return [
        _change(name, 1, before[name][0], after[name][0], figure, f"relative to {clock}")
        for name, (_, figure, clock) in before.items()
        if name in after
    ]


def _fractions(kernels: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str, str]]:
    """By name: the row, which figure of it, and what that is a fraction of."""
    found: dict[str, tuple[dict[str, Any], str, str]] = {}
    for section in ("grid", "gemm"):  # the latter is measured for longer
        for row in kernels.get(section, []):
            layer = "x".join(f"{row[size]:.0f}" for size in ("M", "K", "N"))
            found[f"{row['form']} {layer} {row['isa']}"] = row, "of_peak", "the FMA peak"
    for row in kernels.get("operations", []):
        found[f"{row['kernel']} {row['shape']}"] = row, "of_copy", "a copy"
    return found


def _change(name: str, threads: int, old: dict[str, Any], new: dict[str, Any], figure: str, note: str) -> Change:
    """The figures grow with ravine's speed."""
    low, high = f"{figure}_low", f"{figure}_high"
    return Change(name, threads, old[figure] / new[figure], old[low] / new[high], old[high] / new[low], note)


def _spread(peer: dict[str, Any]) -> float:
    return float((peer["ratio_high"] - peer["ratio_low"]) / peer["ratio"])


def compare_builds(old: Path, new: Path, workloads: list[str], threads: list[int], settings: Settings) -> list[Change]:
    entrants = [Entrant("old", RAVINE, str(old.resolve())), Entrant("new", RAVINE, str(new.resolve()))]
    changes = []
    for count in threads:
        for name in workloads:
            rounds = interleave(entrants, WORKLOADS[name], count, settings, lambda _: None, required="old")
            if rounds.skipped:
                print(
                    f"{name}: {', '.join(f'{label}: {why}' for label, why in rounds.skipped.items())}", file=sys.stderr
                )
                continue
            change = ratios(rounds.samples["new"], rounds.samples["old"])
            times = " -> ".join(f"{_microseconds(rounds.samples[label]):.4g} µs" for label in ("old", "new"))
            quartiles = change["ratio_low"], change["ratio_high"]
            changes.append(Change(name, count, change["ratio"], *quartiles, times))
    return changes


def _microseconds(samples: Samples) -> float:
    return statistics.median(samples.seconds) * 1e6


def parse_arguments() -> argparse.Namespace:
    cpus = len(machine.available_cpus())
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__.split(":")[0])
    parser.add_argument("old", type=Path, help="a JSON file of python -m bench, or a folder that holds `ravine`")
    parser.add_argument("new", type=Path)
    parser.add_argument("--threshold", type=float, default=5.0, metavar="PERCENT", help="default 5")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2] if cpus > 1 else [1], metavar="T")
    parser.add_argument("--workloads", nargs="+", default=MAIN, choices=MAIN, metavar="ID")
    parser.add_argument("--rounds", type=int, default=Settings.rounds)
    parser.add_argument("--quick", action="store_true", help="short turns: a smoke test")
    arguments = parser.parse_args()
    for path in (arguments.old, arguments.new):
        if path.is_dir() and not (path / "ravine").is_dir():
            parser.error(f"{path}: expected a folder that holds the package `ravine`")
        if not path.exists():
            parser.error(f"{path}: no such file or folder")
    if arguments.old.is_dir() != arguments.new.is_dir():
        parser.error("expected two JSON files or two folders")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if arguments.old.is_dir():
        settings = Settings(arguments.rounds, turn=0.1 if arguments.quick else Settings.turn)
        changes = compare_builds(arguments.old, arguments.new, arguments.workloads, arguments.threads, settings)
    else:
        changes = compare_files(arguments.old, arguments.new)
    if not changes:
        print("Nothing to compare: nothing was measured in both.", file=sys.stderr)
        return 2
    limit = 1 + arguments.threshold / 100
    for change in changes:
        spread = f"({change.low:.3f} to {change.high:.3f})"
        where = f"{change.workload:<32} {change.threads} threads"
        print(f"{where}  new : old {change.ratio:.3f} {spread}  {change.verdict(limit):<6}  {change.note}")
    return int(any(change.verdict(limit) == "SLOWER" for change in changes))


if __name__ == "__main__":
    sys.exit(main())
