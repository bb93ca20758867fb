"""Code for one instruction set must not leak into what runs on every CPU.

The linker keeps one copy of a function that several object files define. If a kernel object compiled for AVX-512
defined, say, std::max<float>, that copy could be the one the whole program uses, and an older CPU would stop at it.
"""

import platform
import re
import subprocess
from pathlib import Path

import pytest

import ravine

ALLOWED_REFERENCES = {"memcpy", "memmove", "memset", "memcmp"}
# What some systems' compilers add by default: position-independent code, stack protection, checked copies.
ALLOWED_REFERENCES |= {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail", "__memcpy_chk", "__memmove_chk", "__memset_chk"}
KERNEL_OBJECT = "isa.cpp.o"

package = Path(ravine.__file__).parent


def output_of(*command: str | Path) -> str:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def library() -> Path:
    candidates = [package / "lib" / "libravine.a", Path(__file__).parents[1] / "build" / "libravine.a"]
    found = next((path for path in candidates if path.exists()), None)
    if found is None:
        pytest.skip("ravine runs from a source tree without a built library")
    return found


def members(listing: str) -> list[tuple[str, str]]:
    """Splits what nm or objdump print about an archive into (object file name, its lines)."""
    parts = re.split(r"^(?:\S+\[)?([^\s\[\]]+\.o)\]?:.*$", listing, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def kernel_objects(library: Path) -> list[tuple[set[str], set[str]]]:
    """(defined, undefined) global and weak symbols of each kernel object."""
    objects = []
    for name, lines in members(output_of("nm", "--extern-only", "--format=posix", library)):
        if name == KERNEL_OBJECT:
            symbols = [line.split()[:2] for line in lines.splitlines() if line.strip()]
            defined = {symbol for symbol, kind in symbols if kind not in "Uvw"}
            objects.append((defined, {symbol for symbol, _ in symbols} - defined))
    return objects


def test_each_kernel_object_defines_its_table_and_nothing_else(library: Path) -> None:
    defined = [symbols for symbols, _ in kernel_objects(library)]
    isas = ["base", "avx2", "avx512"] if platform.machine() in ("x86_64", "AMD64") else ["base"]
    assert len(defined) == len(isas)
    for isa in isas:
        mangled = f"kernel_table_{isa}"
        assert {f"_ZN6ravine{len(mangled)}{mangled}E"} in defined


def test_kernel_objects_refer_to_nothing_but_memory_functions(library: Path) -> None:
    for defined, undefined in kernel_objects(library):
        assert undefined <= ALLOWED_REFERENCES, f"{defined} refers to {sorted(undefined - ALLOWED_REFERENCES)}"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="looks at x86 registers")
def test_wide_instructions_stay_in_the_kernel_objects(library: Path) -> None:
    seen = set()
    for name, code in members(output_of("objdump", "--disassemble", "--no-show-raw-insn", library)):
        if name == KERNEL_OBJECT:
            seen.update(re.findall(r"%([yz]mm)\d", code))
        else:
            assert not re.search(r"%[yz]mm\d", code), f"{name} uses AVX registers"
    assert seen == {"ymm", "zmm"}


def test_extension_exports_its_entry_point_only() -> None:
    listing = output_of("nm", "--dynamic", "--defined-only", "--format=posix", ravine._core.__file__)
    assert [line.split()[0] for line in listing.splitlines()] == ["PyInit__core"]
