"""What a user gets from `pip install`: its size, its import time, its version, and the C++ package inside."""

import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import ravine
from ravine import _core

ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000

package = Path(ravine.__file__).parent
needs_installed = pytest.mark.skipif(
    ROOT in package.parents, reason="ravine runs from its source tree; install it to test the package"
)


def run_python(*arguments: str, **environment: str) -> str:
    variables = {**os.environ, **environment}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def tool(name: str) -> str:
    """A program from this Python's environment, active or not, or else from the path."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def installed_files() -> list[Path]:
    files = metadata.files("ravine")
    assert files is not None
    return [Path(str(file.locate())) for file in files if file.parts[0] == "ravine" and "__pycache__" not in file.parts]


def test_import_takes_less_than_a_fifth_of_a_second(tmp_path: Path) -> None:
    # Processor time, with compiled modules: an idle machine shows the same on its clock.
    cache = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    code = (
        "from time import process_time as now; a = now(); import numpy; b = now(); import ravine;"
        "print(b - a, now() - b)"
    )
    run_python("-c", code, **cache)
    times = [tuple(map(float, run_python("-c", code, **cache).split())) for _ in range(7)]
    numpy_time, own_time = (statistics.median(column) for column in zip(*times, strict=True))
    # A slow machine is one where NumPy alone takes more than half of the time.
    assert own_time < max(0.2 - numpy_time, numpy_time), f"ravine itself {own_time:.3f} s, NumPy {numpy_time:.3f} s"


def test_import_loads_no_optional_or_heavy_module() -> None:
    loaded = set(run_python("-c", "import sys, ravine; print(*sys.modules)").split())
    heavy = {"IPython", "PIL", "h5py", "jax", "keras", "matplotlib", "pandas", "rich", "scipy", "sklearn", "tensorflow"}
    heavy |= {"torch", "asyncio", "multiprocessing", "unittest"}
    heavy -= set(run_python("-c", "import sys, numpy; print(*sys.modules)").split())
    assert not loaded & heavy


def test_import_keeps_subnormal_floats() -> None:
    code = "import numpy as np, ravine; print(np.float32(1e-40) / np.float32(2) * np.float32(2) == np.float32(1e-40))"
    assert run_python("-c", code) == "True"


@needs_installed
def test_numpy_is_the_only_requirement() -> None:
    required = [line for line in metadata.requires("ravine") or [] if "extra ==" not in line]
    assert [re.split(r"[^\w-]", line)[0] for line in required] == ["numpy"]


@needs_installed
def test_size() -> None:
    files = installed_files()
    assert any(file.suffix == ".a" for file in files)
    assert sum(file.stat().st_size for file in files) < 15 * MEGABYTE
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file)
    assert wheel.tell() < 5 * MEGABYTE


@needs_installed
def test_package_is_typed_and_licensed() -> None:
    names = {file.relative_to(package).as_posix() for file in installed_files()}
    assert {"py.typed", "_core.pyi"} <= names
    assert any(file.name == "LICENSE" for file in metadata.files("ravine") or [])


def test_version_is_the_same_everywhere() -> None:
    version = ravine.__version__
    assert _core.__version__ == version
    assert run_python("-m", "ravine", "--version") == version
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text()


@needs_installed
def test_version_of_the_cpp_package() -> None:
    version = ravine.__version__
    assert metadata.version("ravine") == version
    assert f'#define RAVINE_VERSION "{version}"' in (package / "include/ravine/version.h").read_text()
    cmake = (package / "lib/cmake/ravine/ravineConfigVersion.cmake").read_text()
    assert f'set(PACKAGE_VERSION "{version}")' in cmake


@needs_installed
def test_cmake_dir_holds_the_package() -> None:
    assert (Path(run_python("-m", "ravine", "--cmake-dir")) / "ravineConfig.cmake").is_file()


@needs_installed
def test_cmake_root_entry_point_names_the_package() -> None:
    (entry,) = (entry for entry in metadata.entry_points(group="cmake.root") if entry.name == "ravine")
    assert entry.load() is ravine


def build_consumer(folder: Path, *arguments: str) -> str:
    """Builds and runs a program that finds ravine as any C++ project does."""
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\n"
        "project(consumer CXX)\n"
        "find_package(ravine 0.1 REQUIRED)\n"
        "add_executable(consumer main.cpp)\n"
        "target_link_libraries(consumer PRIVATE ravine::ravine)\n"
    )
    headers = sorted((package / "include").rglob("*.h"))
    # Every public header in one program, but for the one that needs Eigen.
    includes = [f"#include <{file.relative_to(package / 'include')}>" for file in headers if file.name != "eigen.h"]
    (folder / "main.cpp").write_text(
        "\n".join(includes) + "\n#include <cstdio>\nint main() { puts(RAVINE_VERSION); }\n"
    )
    build = folder / "build"
    for command in (
        [tool("cmake"), "-S", folder, "-B", build, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", *arguments],
        [tool("cmake"), "--build", build],
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return subprocess.run([build / "consumer"], check=True, capture_output=True, text=True).stdout.strip()


@needs_installed
@pytest.mark.parametrize("how", ["ravine_DIR", "ravine_ROOT"])
def test_find_package(tmp_path: Path, how: str) -> None:
    place = run_python("-m", "ravine", "--cmake-dir") if how == "ravine_DIR" else str(package)
    assert build_consumer(tmp_path, f"-D{how}={place}") == ravine.__version__


@needs_installed
def test_eigen_header_compiles(tmp_path: Path) -> None:
    eigen = next((path for path in (Path(p, "cmeel.prefix/include/eigen3") for p in sys.path) if path.is_dir()), None)
    if eigen is None:
        pytest.skip("cmeel-eigen is not installed")
    (tmp_path / "main.cpp").write_text("#include <ravine/eigen.h>\nint main() {}\n")
    includes = [f"-I{package / 'include'}", f"-isystem{eigen}"]
    subprocess.run(
        [
            tool("g++"),
            "-std=c++17",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            *includes,
            str(tmp_path / "main.cpp"),
        ],
        check=True,
    )
