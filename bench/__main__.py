"""ravine and its peers side by side: `python -m bench --help`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench import machine, native
from bench.contestants import FAMILIES, KERNELS, Contestant, select_peers
from bench.kernels import measure_gemm, measure_operations
from bench.measure import Log, Settings, geometric_means, measure
from bench.memory import measure_memory
from bench.overheads import measure_callbacks, measure_one_row, measure_step
from bench.scaling import measure_scaling
from bench.techniques import measure_techniques
from bench.workloads import MAIN, WORKLOADS

_SECTIONS = {
    "steps": "whole training steps and predictions beside the peers'",
    "scaling": "ravine at T threads beside T - 1, for every T above 1",
    "kernels": "single operations against the machine's limits and other libraries (needs cmake)",
    "overheads": "a step beyond its kernels, a prediction of one row, a callback (needs cmake)",
    "techniques": "what clipping, penalties, constraints, schedules and averages add to a step",
    "memory": "peak memory of a training step",
}


def parse_arguments() -> argparse.Namespace:
    cpus = len(machine.available_cpus())
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split(":")[0])
    sections = parser.add_argument_group("what to measure (default: all but --grid)")
    for name, text in _SECTIONS.items():
        sections.add_argument(f"--{name}", action="store_true", help=text)
    sections.add_argument("--grid", action="store_true", help="matrix products of all sizes from 1 to 4096")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2] if cpus > 1 else [1], metavar="T")
    parser.add_argument("--workloads", nargs="+", default=MAIN, choices=MAIN, metavar="ID")
    parser.add_argument("--peers", nargs="+", metavar="PEER", help=f"names or families ({', '.join(FAMILIES)})")
    parser.add_argument("--rounds", type=int, help=f"default {Settings.rounds}, with --quick 3")
    parser.add_argument("--quick", action="store_true", help="short turns and few rounds: a smoke test, not a result")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count processor time: for one thread while the machine is busy"
    )
    parser.add_argument("--blas", type=Path, metavar="LIBRARY", help="with cblas_sgemm; default: NumPy's OpenBLAS")
    parser.add_argument("--onednn", type=Path, metavar="LIBRARY", help="libdnnl; default: that of onednn-cpu-gomp")
    parser.add_argument("--targets", action="store_true", help="say which of the targets (targets.py) are reached")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the ratios as a bar chart")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="source", help="measure nothing: report this JSON")
    arguments = parser.parse_args()
    if any(not 1 <= threads <= cpus for threads in arguments.threads):
        parser.error(f"--threads: this process may use {cpus} CPUs")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds: expected at least 1")
    if arguments.cpu_time and arguments.threads != [1]:
        parser.error("--cpu-time adds up the time of all threads: it needs --threads 1")
    named = [name for name in _SECTIONS if getattr(arguments, name)]
    arguments.sections = named or ([] if arguments.grid else list(_SECTIONS))
    return arguments


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = Settings(rounds=3, turn=0.1) if arguments.quick else Settings()
    clock = "cpu_seconds" if arguments.cpu_time else "seconds"
    return replace(settings, rounds=arguments.rounds or settings.rounds, clock=clock)


class _Run:
    """Fills the report, section by section, and keeps the file up to date: a run that is cut off leaves what it has."""

    def __init__(self, arguments: argparse.Namespace, peers: list[Contestant], log: Log) -> None:
        self._arguments, self._peers, self._log = arguments, peers, log
        self._settings = _settings(arguments)
        limits = {str(threads): found for threads in arguments.threads if (found := machine.limits(threads))}
        self.report: dict[str, Any] = {
            "machine": machine.describe(),
            "command": " ".join(["python -m bench", *sys.argv[1:]]),
            "settings": asdict(self._settings) | {"quick": arguments.quick},
            "limits": limits,
            "rows": [],
            "geometric_means": {},
        }

    def __call__(self) -> None:
        for section in self._arguments.sections:
            getattr(self, f"_{section}")()
            self._save()
        if self._arguments.grid:
            self._grid()
            self._save()

    def _save(self) -> None:
        if self._arguments.json:
            self._arguments.json.write_text(json.dumps(self.report, indent=1) + "\n")

    def _steps(self) -> None:
        rows = self.report["rows"]
        for threads in self._arguments.threads:
            for name in self._arguments.workloads:
                rows.append(measure(WORKLOADS[name], threads, self._peers, self._settings, self._log))
                self.report["geometric_means"] = geometric_means(rows)
                self._save()

    def _scaling(self) -> None:
        for threads in self._arguments.threads:
            if threads > 1:
                rows = measure_scaling(self._arguments.workloads, threads, self._settings, self._log)
                self.report.setdefault("scaling", []).extend(rows)

    def _gemm(self, grid: bool, seconds: float) -> list[dict[str, Any]]:
        given = {"blas": self._arguments.blas or native.find_blas()}
        given["onednn"] = self._arguments.onednn or native.find_onednn()
        libraries = {name: path for name, path in given.items() if path is not None}
        skipped = {name: "the library was not found" for name, path in given.items() if path is None}
        kernels = self.report.setdefault("kernels", {"skipped": {}})
        try:
            isas = [isa for isa in reversed(machine.limits(1).get("flops", {})) if isa != "base"] or ["base"]
            rows = measure_gemm(isas[:1] if grid else isas, libraries, grid, seconds, self._log)
        except native.BuildError as error:
            kernels["skipped"]["C++ programs"] = str(error)
            return []
        kernels["skipped"] |= skipped
        return rows

    def _kernels(self) -> None:
        quick = self._arguments.quick
        found = self._gemm(False, 0.05 if quick else 0.2)
        kernels = self.report["kernels"]
        if "C++ programs" in kernels["skipped"]:
            return
        kernels["gemm"] = found
        self._save()
        rounds = self._arguments.rounds or (2 if quick else 5)
        settings = replace(self._settings, rounds=rounds, turn=0.02 if quick else 0.05)
        families = {peer.name.split("-")[0] for peer in self._peers}
        peers = [name for name in KERNELS if name.split("-")[0] in families]
        kernels["operations"], skipped, kernels["versions"] = measure_operations(peers, settings, self._log)
        kernels["skipped"] |= skipped

    def _grid(self) -> None:
        rows = self._gemm(True, 0.004 if self._arguments.quick else 0.01)
        self.report["kernels"]["grid"] = rows

    def _overheads(self) -> None:
        overheads = self.report["overheads"] = {}
        try:
            overheads["step"] = measure_step(self._settings, self._log)
        except native.BuildError as error:
            overheads["step"] = {"skipped": str(error)}
        overheads["one_row"] = measure_one_row(self._peers, self._settings, self._log)
        overheads["callbacks"] = measure_callbacks(self._peers, self._settings, self._log)

    def _techniques(self) -> None:
        self.report["techniques"] = measure_techniques(self._settings, self._log)

    def _memory(self) -> None:
        self.report["memory"] = measure_memory(self._arguments.workloads, self._log)


def main() -> int:
    arguments = parse_arguments()
    try:
        from bench.report import make_console, print_report
        from bench.report_costs import print_targets
    except ImportError as error:
        print(f"{error.name} is missing: pip install 'ravine[bench]'", file=sys.stderr)
        return 1
    try:
        peers = select_peers(arguments.peers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    console = make_console()
    if arguments.source:
        report = json.loads(arguments.source.read_text())
    else:
        with console.status("starting") as status:
            run = _Run(arguments, peers, status.update)
            run()
        report = run.report
    print_report(console, report)
    if arguments.targets:
        print_targets(console, report)
    if arguments.png:
        from bench.chart import save_chart

        try:
            save_chart(report, arguments.png)
        except ValueError as error:
            print(f"--png: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
