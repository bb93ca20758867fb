"""What ravine wants to reach, as data, and which of it a report reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Time of the fastest bare step : ravine's, by threads.
BARE_STEP: dict[str, dict[int, float]] = {
    "fashion_mlp": {1: 1.3, 2: 1.6},
    "fashion_mlp_adam": {1: 1.25, 2: 1.6},
    "bn_mlp": {1: 2.0, 2: 2.0},
    "deep20": {1: 1.7, 2: 2.2},
    "deep20_bn": {1: 1.7, 2: 2.2},
    "selu100": {1: 2.0, 2: 3.0},
    "dropout_mlp": {1: 2.2, 2: 2.8},
    "tabular": {1: 2.5, 2: 2.5},
    "autoencoder": {1: 1.25, 2: 1.4},
    "wide": {1: 1.2, 2: 1.15},
}

#: Time of onnxruntime's prediction : ravine's, by batch and threads.
PREDICTION: dict[int, dict[int, float]] = {1: {1: 1.3, 2: 1.3}, 1024: {1: 1.1, 2: 1.2}}
PREDICTION_PEER = "onnxruntime"

#: Geometric mean over the training workloads of a loop's time : ravine's.
LOOPS: dict[str, float] = {"fastest loop": 3.0, "keras-tensorflow": 8.0}

#: Seconds that a training step of the smallest net may cost beyond its kernels.
STEP_OVERHEAD = 1e-6


@dataclass(frozen=True)
class Judgement:
    """`measured` is None where the report has no such figure."""

    name: str
    threads: int
    target: float
    measured: float | None
    at_most: bool = False
    against: str = ""

    @property
    def reached(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured <= self.target if self.at_most else self.measured >= self.target


def _steps(rows: dict[tuple[str, int], dict[str, Any]], threads: int) -> list[Judgement]:
    judgements = []
    for name, wanted in BARE_STEP.items():
        row = rows.get((name, threads), {})
        fastest = row.get("fastest", {}).get("bare", "")
        measured = row["peers"][fastest]["ratio"] if fastest else None
        judgements.append(Judgement(name, threads, wanted[threads], measured, against=fastest or "fastest bare step"))
    return judgements


def _predictions(rows: dict[tuple[str, int], dict[str, Any]], threads: int) -> list[Judgement]:
    judgements = []
    for (name, count), row in rows.items():
        batch = row["batch"]
        if count == threads and "_predict_" in name and batch in PREDICTION:
            measured = row["peers"].get(PREDICTION_PEER, {}).get("ratio")
            target = PREDICTION[batch][threads]
            judgements.append(Judgement(name, threads, target, measured, against=PREDICTION_PEER))
    return judgements


def judge(report: dict[str, Any]) -> list[Judgement]:
    """All targets for the thread counts of the report, in the order of this file."""
    rows = {(row["workload"], row["threads"]): row for row in report["rows"]}
    judgements = []
    for threads in sorted({row["threads"] for row in report["rows"]} & {1, 2}):
        judgements += _steps(rows, threads) + _predictions(rows, threads)
        means = report["geometric_means"].get(str(threads), {})
        for label, target in LOOPS.items():
            name = "all training workloads, geometric mean"
            judgements.append(Judgement(name, threads, target, means.get(label), against=label))
    overhead = (report.get("overheads") or {}).get("step", {}).get("overhead")
    name = "tabular, µs of a step beyond its kernels"
    judgements.append(
        Judgement(name, 1, STEP_OVERHEAD * 1e6, None if overhead is None else overhead * 1e6, at_most=True)
    )
    return judgements
