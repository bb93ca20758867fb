"""Builds the two small native helpers of the bench with whichever C++ compiler there is; both are cached."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

CPP = Path(__file__).parent / "cpp"

# MKL asks this function whether the processor is Intel's before it takes its AVX-512 path.
_INTEL = 'extern "C" int mkl_serv_intel_cpu_true() { return 1; }\n'


def find_compiler() -> str | None:
    named = os.environ.get("CXX", "").split()
    candidates = [*named[:1], "c++", "g++", "clang++"]
    return next((found for name in candidates if (found := shutil.which(name))), None)


def cache_folder() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ravine-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build(name: str, source: str, options: list[str], include: Path) -> Path | None:
    compiler = find_compiler()
    if compiler is None:
        return None
    key = hashlib.sha256(repr((source, options, compiler)).encode()).hexdigest()[:16]
    folder = cache_folder()
    target = folder / f"{name}-{key}"
    if not target.exists():
        text = folder / f"{target.name}.cpp"
        text.write_text(source)
        unfinished = folder / f"{target.name}.{os.getpid()}"
        command = [compiler, "-std=c++17", f"-I{include}", *options, str(text), "-o", str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
        unfinished.rename(target)
    return target


def peak_program() -> Path | None:
    """bench/cpp/peak.cpp, or None without a compiler."""
    headers = "".join((CPP / header).read_text() for header in ("peak.h", "timing.h"))
    source = (CPP / "peak.cpp").read_text()
    return _build("peak", f"// {hashlib.sha256(headers.encode()).hexdigest()}\n{source}", ["-O3", "-pthread"], CPP)


def mkl_avx512_library() -> Path | None:
    """The library to preload into a process whose MKL shall take its AVX-512 path, or None without a compiler."""
    return _build("mkl512.so", _INTEL, ["-O1", "-shared", "-fPIC"], CPP)
