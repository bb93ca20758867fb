"""What this machine is and what it can do at most."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from bench.compiler import peak_program


def available_cpus() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin_to(threads: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, available_cpus()[:threads])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


@cache
def _program() -> Path | None:
    return peak_program()


def _peak(threads: int, *options: str) -> dict[str, Any]:
    program = _program()
    if program is None:
        return {}
    command = [str(program), "--threads", str(threads), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=lambda: pin_to(threads))
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def limits(threads: int) -> dict[str, Any]:
    """Peak of every instruction set and copy bandwidth at three sizes; empty without a C++ compiler."""
    return _peak(threads)


def peak_flops(threads: int) -> float | None:
    """FLOP/s of the widest instruction set on `threads` threads, now: clocks change, so it is asked in every round."""
    flops = _peak(threads, "--fma", "--seconds", "0.03").get("flops")
    return max(flops.values()) if flops else None


def describe() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cpus": len(available_cpus()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
