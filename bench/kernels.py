"""Single operations: ravine's kernels against the machine's limits and against the same operation in other libraries.

Ravine's kernels are timed by the C++ programs, peers by processes of their own; all count processor time on one CPU.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import native
from bench.contestants import KERNELS
from bench.kernel_cases import GROUPS, KernelCase
from bench.measure import Entrant, Log, Settings, open_worker, quartiles, steps_of_a_turn
from bench.process import Worker, WorkerError

Row = dict[str, Any]

#: Layers as batch, inputs, outputs.
LAYERS = ((1024, 1024, 1024), (2048, 2048, 2048), (32, 784, 300), (128, 784, 256), (32, 100, 100))

# So that a yardstick has the same instructions: what keeps it from AVX-512.
_AVX2_ONLY = {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"}


def measure_gemm(isas: Sequence[str], libraries: dict[str, Path], grid: bool, seconds: float, log: Log) -> list[Row]:
    """Rows of the program `gemm`. Eigen is compiled for this machine, so it is a yardstick for the widest set only."""
    options = [text for name, path in libraries.items() for text in (f"--{name}", str(path))]
    shapes = ["--grid"] if grid else [text for layer in LAYERS for text in ("--shape", ",".join(map(str, layer)))]
    rows = []
    for isa in isas:
        log(f"matrix products, {isa}")
        environment = _AVX2_ONLY if isa == "avx2" else {}
        found = native.run("gemm", *shapes, *options, "--isa", isa, "--seconds", str(seconds), environment=environment)
        for row in found:
            kept = {name: value for name, value in row.items() if isa == isas[0] or not name.startswith("x_eigen")}
            rows.append({"isa": isa, **kept})
    return rows


def own_rows(rows: Sequence[Row], cases: Sequence[KernelCase]) -> dict[str, Row]:
    """What a program reported, by case; what a case has forward and backward is added up."""
    by_name: dict[tuple[str, tuple[int, ...]], Row] = {}
    for row in rows:
        sizes = row["shape"].split(" x ") if "shape" in row else [row["count"]]
        by_name[row["kernel"], tuple(map(int, sizes))] = row
    found = {}
    for case in cases:
        names = [case.kernel, f"{case.kernel}_grad"] if len(case.shape) == 2 else [case.kernel]
        parts = [by_name[name, case.shape] for name in names]
        seconds = sum(part["seconds"] for part in parts)
        found[case.id] = {"seconds": seconds}
        for figure in ("gigabytes_per_second", "of_copy"):
            found[case.id][figure] = sum(part[figure] * part["seconds"] for part in parts) / seconds
    return found


class _Peer:
    """A peer's process and what it has prepared."""

    def __init__(self, name: str, worker: Worker, settings: Settings) -> None:
        self.name, self._worker, self._settings = name, worker, settings
        self._steps: dict[str, int] = {}
        self.failures: dict[str, str] = {}
        self.version = ""

    def prepare(self, case: KernelCase) -> None:
        try:
            answer = self._worker.ask(self._settings.timeout, do="prepare", workload=case.id, loss_steps=1)
            self.version = answer["version"]
            steps = steps_of_a_turn(self._worker, case.id, answer["granule"], self._settings)
            self._steps[case.id] = steps
        except WorkerError as error:
            self.failures[case.id] = str(error)

    def _seconds(self, case: KernelCase) -> float:
        steps = self._steps[case.id]
        answer = self._worker.ask(self._settings.timeout, do="run", workload=case.id, steps=steps)
        return float(answer["cpu_seconds"]) / steps

    def counts_calls(self, case: KernelCase) -> bool:
        """Is every operation called from Python? Then the same call with next to no work is taken off its time."""
        return self.name == "torch-kernels" or case.is_update

    def seconds(self, case: KernelCase) -> float | None:
        if case.id not in self._steps:
            return None
        spent = self._seconds(case)
        if self.counts_calls(case):
            spent -= min(self._seconds(case.tiny), 0.9 * spent)
        return spent

    def close(self) -> None:
        self._worker.close()


def measure_operations(peers: Sequence[str], settings: Settings, log: Log) -> tuple[list[Row], dict[str, str], Row]:
    """A row per case; why a peer is missing; versions. Ravine and peers take turns, group by group."""
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    open_peers: list[_Peer] = []
    try:
        for name in peers:
            worker = open_worker(Entrant(name, KERNELS[name]), 1)
            if isinstance(worker, str):
                skipped[name] = worker
            else:
                open_peers.append(_Peer(name, worker, settings))
        for (program, *arguments), cases in GROUPS.items():
            log(f"{program} {' '.join(arguments)}: preparing")
            for peer in open_peers:
                for case in cases:
                    peer.prepare(case)
                    if peer.counts_calls(case):
                        peer.prepare(case.tiny)
            rows += _measure_group(program, arguments, cases, open_peers, settings, log)
        for peer in open_peers:
            skipped |= {f"{peer.name}, {case}": f"failed: {why}" for case, why in peer.failures.items()}
    finally:
        for peer in open_peers:
            peer.close()
    return rows, skipped, {peer.name: peer.version for peer in open_peers}


def _measure_group(
    program: str,
    arguments: Sequence[str],
    cases: Sequence[KernelCase],
    peers: Sequence[_Peer],
    settings: Settings,
    log: Log,
) -> list[Row]:
    ours: dict[str, list[Row]] = {case.id: [] for case in cases}
    theirs: dict[str, dict[str, list[float]]] = {case.id: {} for case in cases}
    for index in range(settings.rounds):
        log(f"{program} {' '.join(arguments)}: round {index + 1} of {settings.rounds}")
        own = own_rows(native.run(program, *arguments), cases)
        for case in cases:
            ours[case.id].append(own[case.id])
            for peer in peers:
                if (seconds := peer.seconds(case)) is not None:
                    theirs[case.id].setdefault(peer.name, []).append(seconds / own[case.id]["seconds"])
    rows = []
    for case in cases:
        row: Row = {"kernel": case.kernel, "shape": case.where}
        for figure in ("seconds", "gigabytes_per_second"):
            row[figure] = statistics.median(own[figure] for own in ours[case.id])
        row |= quartiles("of_copy", [own["of_copy"] for own in ours[case.id]])
        row["peers"] = {name.split("-")[0]: quartiles("ratio", found) for name, found in theirs[case.id].items()}
        rows.append(row)
    return rows
