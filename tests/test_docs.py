"""The README and the pages of docs/ say what is true: their code runs and prints what they show, their links and the
paths they name lead somewhere, and the changes they show stand in the sources."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from test_packaging import needs_installed, run_python, tool

from ravine import _core

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$|\Z", re.MULTILINE | re.DOTALL)
SOURCE_SUFFIXES = {".cpp", ".def", ".h", ".inl", ".md", ".py", ".toml"}
SOURCE_FOLDERS = [ROOT / name for name in ("bench", "cmake", "cpp", "docs", "examples", "python", "tests")]


@dataclass(frozen=True)
class Block:
    """A fenced block. A ``text`` block right after it is what it prints."""

    language: str
    code: str
    line: int
    output: str | None


def blocks(page: Path, language: str) -> list[Block]:
    text = page.read_text()
    found = []
    for fence, following in pairwise(FENCE.finditer(text)):
        shown = following[1] == "text" and not text[fence.end() : following.start()].strip()
        line = text.count("\n", 0, fence.start(2))
        found.append(Block(fence[1], fence[2], line, following[2] if shown else None))
    return [block for block in found if block.language == language]


def without_numbers(text: str) -> list[str]:
    """Lines in which numbers, instruction sets and spacing do not count."""
    text = re.sub(r"\b(base|avx2|avx512)\b", "isa", text)
    text = re.sub(r"(?<=[a-z])_\d+\b", "", text)  # automatic names are numbered
    text = re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "0", text)
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of someone who types what a page shows, on a machine with two processors (if it has as many)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAVINE_VERBOSE", "")
    before = _core.num_threads()
    _core.set_num_threads(2)
    yield tmp_path
    _core.set_num_threads(before)


def run_python_blocks(page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The blocks of one page run in order in one namespace."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page, "python"):
        capfd.readouterr()
        exec(compile("\n" * block.line + block.code, str(page), "exec"), namespace)
        if block.output is not None and _core.num_threads() == 2:
            assert without_numbers("".join(capfd.readouterr())) == without_numbers(block.output)


@every_page
def test_python_code_runs(page: Path, reader: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_python_blocks(page, capfd)


@needs_installed
@pytest.mark.parametrize("page", [page for page in PAGES if "int main(" in page.read_text()], ids=name_of)
def test_cpp_programs_run(page: Path, reader: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each whole program is built by the page's own CMake project, after the page's Python code ran."""
    cmake, ninja, _ = tool("cmake"), tool("ninja"), tool("g++")
    place = run_python("-m", "ravine", "--cmake-dir")
    run_python_blocks(page, capfd)
    project = next(block.code for block in blocks(page, "cmake") if block.code.startswith("cmake_minimum_required"))
    (reader / "CMakeLists.txt").write_text(project)
    for block in blocks(page, "cpp"):
        if "int main(" not in block.code:
            continue
        (reader / "main.cpp").write_text(block.code)
        for command in (
            [cmake, "-B", "build", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}", f"-Dravine_DIR={place}"],
            [cmake, "--build", "build"],
            ["build/app"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
        if block.output is not None:
            assert without_numbers(done.stdout) == without_numbers(block.output)


@every_page
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", FENCE.sub("", page.read_text())):
        assert target.startswith("https://") or (page.parent / target).exists(), f"{target} does not exist"


@every_page
def test_named_paths_exist(page: Path) -> None:
    prose = FENCE.sub("", page.read_text())
    bases = [ROOT, ROOT / "cpp", ROOT / "cpp/include", page.parent]
    for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", prose):
        if "/" in name:
            if any((base / name.split("/")[0]).exists() for base in bases):
                places = [base / (name + suffix) for base in bases for suffix in ("", ".in")]
                assert any(place.exists() for place in places), f"{name} does not exist"
        elif Path(name).suffix in SOURCE_SUFFIXES:
            assert (ROOT / name).exists() or any(found for folder in SOURCE_FOLDERS for found in folder.rglob(name)), (
                f"{name} does not exist"
            )


@every_page
def test_shown_changes_stand_in_the_sources(page: Path) -> None:
    """What a diff adds is there, however it has been wrapped since; of a changed line, the new words are."""
    for block in blocks(page, "diff"):
        source, gone = "", ""
        for line in block.code.splitlines():
            if line.startswith("+++ b/"):
                source = "".join((ROOT / line.removeprefix("+++ b/")).read_text().split())
            elif line.startswith("+"):
                added = [word for word in line[1:].split() if word not in gone.split()]
                for text in added if gone else ["".join(added)]:
                    assert text in source, f"{text} is not there any more"
            gone = line[1:] if line.startswith("-") else ""


def test_every_reason_against_a_fusion_is_explained() -> None:
    code = (ROOT / "cpp/plan/fuse.cpp").read_text()
    reasons = re.findall(r'return "(.+?)"', code[code.index("std::string refusal(") : code.index("bool available(")])
    page = (DOCS / "reading-a-plan.md").read_text()
    assert len(reasons) > 3
    assert [reason for reason in reasons if f"| {reason}" not in page] == []
