"""Builds the programs of tests/cpp against the engine's library and runs them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ravine

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "tests" / "cpp").glob("*.cpp"))

package = Path(ravine.__file__).parent


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs. They look inside the engine: its headers and its library must be of one age."""
    if not (package / "lib" / "libravine.a").exists():
        pytest.skip("ravine runs from its source tree; build with -DRAVINE_BUILD_TESTS=ON and run ctest instead")
    folder = tmp_path_factory.mktemp("cpp")
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\n"
        "project(ravine_tests CXX)\n"
        "find_package(ravine REQUIRED)\n"
        "foreach(source IN LISTS SOURCES)\n"
        "    get_filename_component(name ${source} NAME_WE)\n"
        "    add_executable(${name} ${source})\n"
        "    target_include_directories(${name} PRIVATE ${ENGINE})\n"
        "    target_link_libraries(${name} PRIVATE ravine::ravine)\n"
        "endforeach()\n"
    )
    run(
        *(tool("cmake"), "-S", folder, "-B", folder / "build", "-G", "Ninja"),
        *(f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", f"-Dravine_ROOT={package}", f"-DENGINE={ROOT / 'cpp'}"),
        f"-DSOURCES={';'.join(map(str, PROGRAMS))}",
    )
    run(tool("cmake"), "--build", folder / "build")
    return folder / "build"


@pytest.mark.parametrize("program", [path.stem for path in PROGRAMS])
def test_program(built: Path, program: str) -> None:
    run(built / program)
