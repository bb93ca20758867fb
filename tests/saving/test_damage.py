"""Damaged files give a ValueError or an OSError that names them, and nothing else. `.ci/fuzz` tries more of them."""

import random
from pathlib import Path

import pytest

pytest.importorskip("h5py")
pytest.importorskip("safetensors")

from mutations import damaged, load, originals

TRIES = 25


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return originals(tmp_path_factory.mktemp("originals"))


@pytest.mark.parametrize("name", [f"{m}{s}" for m in ("stack", "graph") for s in (".keras", ".h5")])
def test_damaged_models(tmp_path: Path, files: dict[str, bytes], name: str) -> None:
    check(tmp_path, files, name)


@pytest.mark.parametrize("name", [f"{m}{s}" for m in ("stack", "graph") for s in (".weights.h5", ".safetensors")])
def test_damaged_weights(tmp_path: Path, files: dict[str, bytes], name: str) -> None:
    check(tmp_path, files, name)


def check(folder: Path, files: dict[str, bytes], name: str) -> None:
    path = folder / name
    path.write_bytes(files[name])
    assert load(path) == "loaded"
    results = set()
    for seed in range(TRIES):
        path.write_bytes(damaged(name, files[name], random.Random(f"{name} {seed}")))
        results.add(load(path))
    assert results & {"UnreadableFileError", "ConfigurationError", "ValueError"}
