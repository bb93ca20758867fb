"""`python -m ravine`: where the C++ package is, which version, and what the engine runs on."""

import argparse
import platform
import sys
from pathlib import Path

from . import __version__


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ravine", description="Tells where ravine's C++ package is and what the engine runs on."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--cmake-dir", action="store_true", help="the folder of ravineConfig.cmake, for -Dravine_DIR=")
    parser.add_argument("--include-dir", action="store_true", help="the folder of the header files")
    parser.add_argument("--info", action="store_true", help="the version, instruction sets and threads of the engine")
    arguments = parser.parse_args()

    package = Path(__file__).parent
    wanted = []
    if arguments.cmake_dir:
        wanted.append(package / "lib" / "cmake" / "ravine")
    if arguments.include_dir:
        wanted.append(package / "include")
    if arguments.info:
        print(info())
    elif not wanted:
        parser.print_help()
        return 2
    for folder in wanted:
        if not folder.is_dir():
            print(
                f"{folder} does not exist: ravine runs from a source tree, not from an installed package.",
                file=sys.stderr,
            )
            return 1
        print(folder)
    return 0


def info() -> str:
    """The facts to put into a bug report, one a line."""
    import numpy

    from . import _core

    return "\n".join(
        [
            f"ravine {__version__} (engine {_core.__version__})",
            f"instruction set: {_core.isa()} (available: {', '.join(_core.isas())}; RAVINE_ISA pins one)",
            f"threads: {_core.num_threads()} (RAVINE_NUM_THREADS sets the most)",
            f"Python {platform.python_version()}, NumPy {numpy.__version__}, {platform.platform()}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
