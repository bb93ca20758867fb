"""One contestant in a process of its own: reads commands, a JSON object per line, and answers each with one.

{"do": "prepare", "workload": ID, "loss_steps": N} -> {"granule", "loss", "version"} or {"unsupported": WHY}
{"do": "run", "workload": ID, "steps": N}          -> {"seconds", "cpu_seconds"} (the latter of all its threads)

ID is a workload or, for contestants that do single operations, a kernel case. Several may be prepared.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import time
import traceback
from typing import Any, TextIO

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    # A paused worker could not notice by itself that its pipe was closed.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _private_output() -> TextIO:
    """The pipe to the parent; whatever else prints goes to the log."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return channel


def _version(packages: tuple[str, ...]) -> str:
    names = {"sklearn": "scikit-learn"}
    found = []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(names.get(package, package))}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} {getattr(importlib.import_module(package), '__version__', '(unknown)')}")
    return ", ".join(found)


def _answer(state: dict[str, Any], name: str, threads: int, command: dict[str, Any]) -> dict[str, Any]:
    # Imported late: the environment must be complete before a framework is loaded.
    from bench.contestants import Unsupported, find
    from bench.kernel_cases import CASES
    from bench.workloads import WORKLOADS

    contestant, workload = find(name), command["workload"]
    if command["do"] == "prepare":
        module = importlib.import_module(f"bench.{contestant.module}")
        try:
            runner = module.make(name, WORKLOADS.get(workload) or CASES[workload], threads)
            steps = max(command["loss_steps"] // runner.granule, 1) * runner.granule
            loss = runner.loss(steps)
        except Unsupported as error:
            return {"unsupported": str(error)}
        state[workload] = runner
        return {
            "granule": runner.granule,
            "loss": None if loss != loss else loss,
            "version": _version(contestant.packages),
        }
    start, start_cpu = time.perf_counter(), time.process_time()
    state[workload].run(command["steps"])
    return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - start_cpu}


def main() -> None:
    name, threads, cpus = sys.argv[1], int(sys.argv[2]), {int(cpu) for cpu in sys.argv[3].split(",")}
    _die_with_parent()
    channel = _private_output()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)  # before any framework starts its threads
    state: dict[str, Any] = {}
    for line in sys.stdin:
        try:
            answer = _answer(state, name, threads, json.loads(line))
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=channel, flush=True)


if __name__ == "__main__":
    main()
