"""Peak memory of a training step: what ravine's plan says, and by how much each process really grew.

Growth is that of the resident set, less mapped files, from before the net exists to the highest point of steps that
come after the first ones; the samples themselves are taken off. `first` is the highest point of the first steps, which
make what later ones use. What was freed goes back to the system before (malloc_trim). Both sides have trained a small
net of the same kind before, so that their code and their pools are in place. Needs Linux (/proc).
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.contestants import PEERS, RAVINE, Contestant, find
from bench.machine import pin_to
from bench.measure import Log
from bench.process import ROOT, python_path_with, thread_environment
from bench.workloads import WORKLOADS, Dense, Workload

PEER = PEERS["torch-eager"]
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PLAN = re.compile(r"^plan: batch (\d+), (\d+) threads?,.* arena (\d+) bytes, scratch (\d+) bytes a thread", re.M)


def shrunk(workload: Workload) -> Workload:
    """The same kinds of layers, hardly any numbers."""
    layers = tuple(replace(layer, units=4) if isinstance(layer, Dense) else layer for layer in workload.layers)
    return replace(workload, inputs=4, layers=layers, batch=4, batches=2)


def plan_bytes(text: str, batch: int) -> int | None:
    """Arena and scratch of the last plan for this batch size in what RAVINE_VERBOSE=plan printed."""
    found = [tuple(map(int, match)) for match in _PLAN.findall(text)]
    sizes = [arena + threads * scratch for size, threads, arena, scratch in found if size == batch]
    return sizes[-1] if sizes else None


def _status(field: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def _give_back() -> None:
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _child(name: str, workload: Workload) -> dict[str, Any]:
    module = importlib.import_module(f"bench.{find(name).module}")
    small = shrunk(workload)
    module.make(name, small, 1).loss(2 * small.batches)
    data = sum(array.nbytes for array in workload.data())
    _give_back()
    resident, files = _status("VmRSS"), _status("RssFile")
    runner = module.make(name, workload, 1)
    peaks = []
    for _ in range(2):
        _give_back()
        _CLEAR.write_text("5")  # the highest point counts from here: what drawing the samples took does not matter
        runner.loss(workload.batches)
        peaks.append(_status("VmHWM") - resident - (_status("RssFile") - files) - data)
    return {"first": peaks[0], "step": peaks[1]}


def _ask(contestant: Contestant, workload: str) -> tuple[dict[str, Any], str]:
    environment = {**os.environ, **thread_environment(1), **contestant.environment, "PYTHONPATH": python_path_with()}
    environment["RAVINE_VERBOSE"] = "plan"
    command = [sys.executable, "-m", "bench.memory", contestant.name, workload]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=ROOT, preexec_fn=lambda: pin_to(1)
    )
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}, ""
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def state_floats(workload: Workload) -> int:
    """Weights, running statistics and the optimizer's slots."""
    slots = {"sgd": 0, "momentum": 1, "nesterov": 1, "adam": 2, "nadam": 2}[workload.optimizer.name]
    trained, running = workload.parameters
    return trained * (1 + slots) + running


def measure_memory(workloads: list[str], log: Log) -> list[dict[str, Any]]:
    if not _CLEAR.exists():
        return []
    rows = []
    for name in workloads:
        workload = WORKLOADS[name]
        if workload.predict:
            continue
        log(f"{name}: memory")
        row: dict[str, Any] = {"workload": name, "skipped": {}}
        for contestant in (RAVINE, PEER):
            missing = contestant.missing()
            answer, text = ({"failed": f"{missing[0]} is not installed"}, "") if missing else _ask(contestant, name)
            if "failed" in answer:
                row["skipped"][contestant.name] = answer["failed"]
            else:
                row[contestant.name] = answer
            if contestant is RAVINE and (planned := plan_bytes(text, workload.batch)) is not None:
                row["plan"], row["state"] = planned, 4 * state_floats(workload)
        if RAVINE.name in row and PEER.name in row:
            row["ratio"] = row[PEER.name]["step"] / max(row[RAVINE.name]["step"], 1)
        rows.append(row)
    return rows


if __name__ == "__main__":
    print(json.dumps(_child(sys.argv[1], replace(WORKLOADS[sys.argv[2]], batches=4))))
