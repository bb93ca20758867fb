"""The C++ programs of bench/cpp: built with CMake in a cached folder, and run for the rows that they report."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.compiler import cache_folder, find_compiler
from bench.machine import pin_to
from bench.process import ROOT, thread_environment


class BuildError(Exception):
    """The programs cannot be built here; the message says why."""


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        text = " ".join((done.stderr + done.stdout).split())
        first = max(text.find("rror"), 0)
        raise BuildError(f"{Path(command[0]).name} failed: {text[first : first + 300]}")


@cache
def build() -> Path:
    """The folder of the programs, brought up to date with the sources. Raises BuildError.

    The environment's CMAKE_ARGS are passed on: for a nlohmann/json.hpp or an Eigen that lies elsewhere.
    """
    if find_compiler() is None:
        raise BuildError("no C++ compiler")
    cmake = shutil.which("cmake")
    if cmake is None:
        raise BuildError("cmake is not installed")
    given = os.environ.get("CMAKE_ARGS", "")
    key = hashlib.sha256(repr((str(ROOT), sys.executable, given, find_compiler())).encode()).hexdigest()[:16]
    folder = cache_folder() / f"programs-{key}"
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DRAVINE_BUILD_BENCH=ON", f"-DPython_EXECUTABLE={sys.executable}"]
    if not (folder / "CMakeCache.txt").exists() and shutil.which("ninja"):
        options += ["-G", "Ninja"]
    _run([cmake, "-S", str(ROOT), "-B", str(folder), *options, *shlex.split(given)])
    _run([cmake, "--build", str(folder), "--target", "benches", "--parallel"])
    return folder


def run(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What a program reports, on one CPU."""
    command = [str(build() / program), *arguments, "--json"]
    variables = {**os.environ, **thread_environment(1), **(environment or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, preexec_fn=lambda: pin_to(1))
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _package_libraries(package: str) -> list[Path]:
    """The libraries that a wheel brings along in a folder beside the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return []
    return sorted((Path(spec.origin).parents[1] / f"{package}.libs").glob("*.so*"))


def find_blas() -> Path | None:
    """The OpenBLAS inside NumPy's wheel."""
    return next((path for path in _package_libraries("numpy") if "openblas" in path.name), None)


def find_onednn() -> Path | None:
    """oneDNN as the package onednn-cpu-gomp installs it: beside Python's own libraries."""
    return next(iter(sorted((Path(sys.prefix) / "lib").glob("libdnnl.so*"))), None)
