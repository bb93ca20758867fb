"""Formatting, lint and types, judged by the tools that the `test` extra pins."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPP_SUFFIXES = {".cpp", ".h", ".inl"}


def check(*command: str | Path) -> None:
    program, *arguments = map(str, command)
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_python_format() -> None:
    check("ruff", "format", "--check", "--diff", "--no-cache", ".")


def test_python_lint() -> None:
    check("ruff", "check", "--no-cache", ".")


def test_cpp_format() -> None:
    folders = [
        folder for folder in (ROOT / "cpp", ROOT / "tests", ROOT / "bench", ROOT / "examples") if folder.exists()
    ]
    sources = sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in CPP_SUFFIXES)
    check("clang-format", "--dry-run", "-Werror", *sources)


def test_types(tmp_path: Path) -> None:
    check("mypy", "--cache-dir", tmp_path, "--package", "ravine")


def test_types_that_a_strict_user_sees(tmp_path: Path) -> None:
    check("mypy", "--strict", "--cache-dir", tmp_path, "tests/typing/user_program.py")
