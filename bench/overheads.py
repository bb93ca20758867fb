"""What is not arithmetic: a step beyond its kernels, a prediction of one row, a callback after every batch.

All on one thread and on `tabular`, the smallest net.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import native
from bench.contestants import PREDICTIONS, RAVINE, WITH_CALLBACK, Contestant
from bench.measure import Entrant, Log, Settings, interleave, measure, open_worker, quartiles, ratios, steps_of_a_turn
from bench.process import ROOT, python_path_with
from bench.workloads import ONE_ROW, WORKLOADS

_SMALLEST = WORKLOADS["tabular"]


def measure_step(settings: Settings, log: Log) -> dict[str, Any]:
    """Seconds of one step: in `fit`, in the engine's run loop, in its kernels alone, and the differences.

    Processor time throughout. Raises BuildError.
    """
    log("step overhead: building")
    native.build()
    worker = open_worker(Entrant("ravine", RAVINE), 1)
    if isinstance(worker, str):
        return {"skipped": worker}
    rounds: dict[str, list[float]] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "step.ravine"
            environment = {**os.environ, "PYTHONPATH": python_path_with(), "RAVINE_NUM_THREADS": "1"}
            command = [sys.executable, "-m", "bench.export_step", _SMALLEST.id, str(path)]
            subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True)
            worker.ask(settings.timeout, do="prepare", workload=_SMALLEST.id, loss_steps=2 * _SMALLEST.batches)
            steps = steps_of_a_turn(worker, _SMALLEST.id, _SMALLEST.batches, settings)
            for index in range(settings.rounds):
                log(f"step overhead: round {index + 1} of {settings.rounds}")
                answer = worker.ask(settings.timeout, do="run", workload=_SMALLEST.id, steps=steps)
                fit = answer["cpu_seconds"] / steps
                found = native.run("step_overhead", str(path), "--rows", str(_SMALLEST.batch))[-1]
                for name, value in (
                    ("fit", fit),
                    ("engine", found["run_seconds"]),
                    ("kernels", found["kernel_seconds"]),
                    ("engine_overhead", found["overhead_seconds"]),
                    ("overhead", fit - found["kernel_seconds"]),
                ):
                    rounds.setdefault(name, []).append(value)
    finally:
        worker.close()
    result: dict[str, Any] = {"workload": _SMALLEST.id, "steps": int(found["steps"])}
    for name, values in rounds.items():
        result |= quartiles(name, values)
    return result


def measure_one_row(peers: Sequence[Contestant], settings: Settings, log: Log) -> dict[str, Any]:
    """A row like those of the workloads: predicting one sample from Python, by `predict_on_batch`. Among the peers are
    ravine's other ways to do it."""
    return measure(ONE_ROW, 1, [*PREDICTIONS.values(), *peers], settings, log)


def measure_callbacks(peers: Sequence[Contestant], settings: Settings, log: Log) -> dict[str, Any]:
    """By label: the step without and with `on_train_batch_end`, their difference, and the latter : ravine's."""
    names = {RAVINE.name, *(peer.name for peer in peers)}
    entrants = []
    for contestant in WITH_CALLBACK.values():
        plain = contestant.name.removesuffix("-callback")
        if plain in names:
            entrants.append(Entrant(plain, replace(contestant, name=plain)))
            entrants.append(Entrant(contestant.name, contestant))
    rounds = interleave(entrants, _SMALLEST, 1, settings, log, required=RAVINE.name)
    result: dict[str, Any] = {"skipped": rounds.skipped, "rows": {}}
    for label, samples in rounds.samples.items():
        called = rounds.samples.get(f"{label}-callback")
        if called is not None:
            added = [a - b for a, b in zip(called.seconds, samples.seconds, strict=True)]
            ours = rounds.samples["ravine-callback"]
            result["rows"][label] = {
                **quartiles("step", samples.seconds),
                **quartiles("with_callback", called.seconds),
                **quartiles("callback", added),
                **ratios(called, ours),
            }
    return result
