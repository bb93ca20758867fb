"""Interleaved rounds: every contestant has one turn per round, alone, and ratios are taken within a round."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import machine
from bench.compiler import mkl_avx512_library
from bench.contestants import RAVINE, Contestant
from bench.process import Worker, WorkerError
from bench.workloads import Workload

Log = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    rounds: int = 15
    turn: float = 0.4  # seconds of a contestant's turn, at least
    pause: float = 0.02  # between two turns
    timeout: float = 900.0  # for one answer; the first one includes compilation
    clock: str = "seconds"  # or "cpu_seconds", which time that others took from a pinned thread does not disturb


@dataclass(frozen=True)
class Entrant:
    """A contestant under a label; two builds of ravine differ in the folder that Python finds them in. `threads`
    overrules the number that the others have."""

    label: str
    contestant: Contestant
    python_path: str | None = None
    threads: int | None = None


@dataclass
class Samples:
    """What one entrant did: seconds per step of every round."""

    kind: str
    version: str
    loss: float | None
    granule: int
    steps: int = 0
    seconds: list[float] = field(default_factory=list)


@dataclass
class Rounds:
    samples: dict[str, Samples]
    skipped: dict[str, str]
    peaks: list[float]


def open_worker(entrant: Entrant, threads: int) -> Worker | str:
    """A process for the entrant, or why there is none."""
    contestant, threads = entrant.contestant, entrant.threads or threads
    # ravine may come from a folder that only the worker sees.
    missing = [] if entrant.python_path else contestant.missing()
    if missing:
        return f"{', '.join(missing)} is not installed"
    preload = mkl_avx512_library() if contestant.mkl_avx512 else None
    if contestant.mkl_avx512 and preload is None:
        return "no C++ compiler"
    return Worker(contestant, threads, machine.available_cpus()[:threads], preload, entrant.python_path)


def _start(entrant: Entrant, workload: Workload, threads: int, settings: Settings) -> tuple[Worker, Samples] | str:
    """A prepared worker, or why there is none."""
    worker = open_worker(entrant, threads)
    if isinstance(worker, str):
        return worker
    try:
        loss_steps = 2 * workload.batches
        answer = worker.ask(settings.timeout, do="prepare", workload=workload.id, loss_steps=loss_steps)
        if "unsupported" in answer:
            worker.close()
            return str(answer["unsupported"])
        samples = Samples(entrant.contestant.kind, answer["version"], answer["loss"], answer["granule"])
        samples.steps = steps_of_a_turn(worker, workload.id, samples.granule, settings)
    except BaseException as error:
        worker.close()
        if isinstance(error, WorkerError):
            return f"failed: {error}"
        raise
    return worker, samples


def steps_of_a_turn(worker: Worker, workload: str, granule: int, settings: Settings) -> int:
    steps = granule
    while True:
        seconds = worker.ask(settings.timeout, do="run", workload=workload, steps=steps)["seconds"]
        if seconds > settings.turn / 4:
            return math.ceil(steps * settings.turn / seconds / granule) * granule
        steps *= 4


def interleave(
    entrants: Sequence[Entrant], workload: Workload, threads: int, settings: Settings, log: Log, required: str
) -> Rounds:
    """Runs the rounds. Where the entrant labelled `required` cannot take part, nobody is measured."""
    result = Rounds({}, {}, [])
    workers: dict[str, Worker] = {}
    try:
        for entrant in entrants:
            log(f"{workload.id}, {threads} threads: preparing {entrant.label}")
            started = _start(entrant, workload, threads, settings)
            if isinstance(started, str):
                result.skipped[entrant.label] = started
                if entrant.label == required:
                    return result
            else:
                workers[entrant.label], result.samples[entrant.label] = started
        order = list(workers)
        for index in range(settings.rounds):
            log(f"{workload.id}, {threads} threads: round {index + 1} of {settings.rounds}")
            peak = machine.peak_flops(threads)
            if peak is not None:
                result.peaks.append(peak)
            for label in list(order):
                samples = result.samples[label]
                time.sleep(settings.pause)
                answer = workers[label].ask(settings.timeout, do="run", workload=workload.id, steps=samples.steps)
                samples.seconds.append(answer[settings.clock] / samples.steps)
            order.append(order.pop(0))  # nobody always follows the same one
    finally:
        for worker in workers.values():
            worker.close()
    return result


def quartiles(name: str, values: Sequence[float]) -> dict[str, float]:
    """NAME, NAME_low and NAME_high: the median and the quartiles."""
    ordered = sorted(values)
    quartile = len(ordered) // 4
    return {name: statistics.median(ordered), f"{name}_low": ordered[quartile], f"{name}_high": ordered[-1 - quartile]}


def ratios(numerator: Samples, denominator: Samples) -> dict[str, float]:
    """Median and quartiles of the ratio per round."""
    return quartiles("ratio", [a / b for a, b in zip(numerator.seconds, denominator.seconds, strict=True)])


def _summary(samples: Samples, workload: Workload, peaks: list[float]) -> dict[str, Any]:
    fraction = None
    if peaks:
        pairs = zip(samples.seconds, peaks, strict=True)
        fraction = statistics.median(workload.flops / seconds / peak for seconds, peak in pairs)
    return {
        "kind": samples.kind,
        "version": samples.version,
        "loss": samples.loss,
        "steps_per_round": samples.steps,
        "seconds": statistics.median(samples.seconds),
        "fraction_of_peak": fraction,
    }


def measure(
    workload: Workload, threads: int, peers: Sequence[Contestant], settings: Settings, log: Log
) -> dict[str, Any]:
    """One row of the table. A ratio is a peer's time per step over ravine's: above 1, ravine is faster."""
    entrants = [Entrant(contestant.name, contestant) for contestant in (RAVINE, *peers)]
    rounds = interleave(entrants, workload, threads, settings, log, required=RAVINE.name)
    row: dict[str, Any] = {
        "workload": workload.id,
        "threads": threads,
        "batch": workload.batch,
        "flops_per_step": workload.flops,
        "loss_after_steps": None if workload.predict else 2 * workload.batches,
        "peak_flops": statistics.median(rounds.peaks) if rounds.peaks else None,
        "skipped": rounds.skipped,
        "ravine": None,
        "peers": {},
        "fastest": {},
    }
    ours = rounds.samples.get(RAVINE.name)
    if ours is None:
        return row
    row["ravine"] = _summary(ours, workload, rounds.peaks)
    for label, samples in rounds.samples.items():
        if samples is not ours:
            row["peers"][label] = {**_summary(samples, workload, rounds.peaks), **ratios(samples, ours)}
    for kind in ("bare", "loop"):
        of_kind = {label: peer["ratio"] for label, peer in row["peers"].items() if peer["kind"] == kind}
        if of_kind:
            row["fastest"][kind] = min(of_kind, key=lambda label: of_kind[label])
    if row["peers"]:
        row["fastest"]["any"] = min(row["peers"], key=lambda label: row["peers"][label]["ratio"])
    return row


def geometric_means(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For every thread count: the mean ratio over training workloads to the fastest bare step, the fastest loop, and
    to each peer that took part in all of them."""
    means: dict[str, dict[str, float]] = {}
    for threads in sorted({row["threads"] for row in rows}):
        training = [row for row in rows if row["threads"] == threads and row["peers"] and row["loss_after_steps"]]
        found: dict[str, list[float]] = {}
        for row in training:
            for label, peer in row["peers"].items():
                found.setdefault(label, []).append(peer["ratio"])
            for kind, label in row["fastest"].items():
                found.setdefault(f"fastest {kind}", []).append(row["peers"][label]["ratio"])
        means[str(threads)] = {
            label: math.exp(statistics.fmean(map(math.log, values)))
            for label, values in found.items()
            if len(values) == len(training)
        }
    return means
