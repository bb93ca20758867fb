"""A file is the old one or the whole new one, whatever happens."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from saved_models import X, network

import ravine
from ravine.saving.atomic import replacing

SUFFIXES = [".keras", ".h5", ".weights.h5", ".safetensors"]


def save(model, path: Path) -> None:
    (model.save if path.suffixes in ([".keras"], [".h5"]) else model.save_weights)(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    model, path = network(ravine), tmp_path / f"model{suffix}"
    save(model, path)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        OSError, match=r"failed: No space left on device\. What was there before is untouched"
    ) as caught:
        save(model, path)
    assert caught.value.errno == errno.ENOSPC
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


PROGRAM = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from saved_models import network
import ravine
model, path = network(ravine), sys.argv[2]
save = model.save if path.endswith((".keras", "model.h5")) else model.save_weights
"""


def python(program: str, *arguments: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(Path(ravine.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + program, str(Path(__file__).parent), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails(tmp_path: Path, suffix: str) -> None:
    """The system refuses to write more than a kilobyte."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"old")
    program = """
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save(path)
except OSError as error:
    print(error)
"""
    output, errors = python(program, str(path)).communicate(timeout=60)
    assert f"Saving to {str(path)!r} failed: File too large." in output, errors
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]


def test_killed_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = network(ravine)
    model.save(path)
    before = path.read_bytes()
    program = """
real = os.fsync
def slow(handle):
    print("everything is written", flush=True)
    sys.stdin.read()
os.fsync = slow
save(path)
"""
    child = python(program, str(path))
    assert child.stdout is not None
    assert child.stdout.readline() == "everything is written\n"
    assert len(os.listdir(tmp_path)) == 2
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert path.read_bytes() == before
    np.testing.assert_array_equal(ravine.models.load_model(path).predict(X), model.predict(X))
    model.save(tmp_path / "other.keras")
    assert len(os.listdir(tmp_path)) == 3
    model.save(path)
    assert sorted(os.listdir(tmp_path)) == ["model.keras", "other.keras"]


def test_a_save_leaves_the_temporary_file_of_another_that_is_going_on(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as slow:
        slow.write(b"slow")
        with replacing(path) as quick:
            quick.write(b"quick")
        assert path.read_bytes() == b"quick"
        assert len(os.listdir(tmp_path)) == 2
    assert path.read_bytes() == b"slow"
    assert os.listdir(tmp_path) == ["file"]


def test_an_error_in_the_model_leaves_no_file(tmp_path: Path) -> None:
    model = network(ravine)
    model.layers[0].save_own_variables = lambda store: 1 / 0
    for suffix in SUFFIXES[:1] + SUFFIXES[2:]:
        with pytest.raises(ZeroDivisionError):
            save(model, tmp_path / f"model{suffix}")
    assert os.listdir(tmp_path) == []


def test_overwriting(tmp_path: Path) -> None:
    model, path = network(ravine), tmp_path / "model.keras"
    model.save(path, overwrite=False)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save(path, overwrite=False)
    assert path.read_bytes() == before
    path.chmod(0o640)
    model.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    link = tmp_path / "link.keras"
    link.symlink_to(path)
    model.save(link)
    assert link.is_symlink()
    assert not path.is_symlink()


@pytest.mark.parametrize(("answer", "replaced"), [("y", True), ("n", False)])
def test_a_person_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, replaced: bool) -> None:
    path = tmp_path / "model.weights.h5"
    path.write_bytes(b"old")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    network(ravine).save_weights(path, overwrite=False)
    assert (path.read_bytes() != b"old") == replaced


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(ravine)
    model.save(tmp_path / "new" / "folder" / "model.keras")
    monkeypatch.chdir(tmp_path)
    model.save("here.keras")
    assert (tmp_path / "here.keras").exists()
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "here.keras").stat().st_mode) == 0o666 & ~mask
    (tmp_path / "folder.keras").mkdir()
    for load in (ravine.models.load_model, model.load_weights):
        with pytest.raises(IsADirectoryError, match=r"is a folder.*SavedModel"):
            load(tmp_path / "folder.keras")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        model.save(tmp_path / "folder.keras")
    for suffix in (".txt", "", ".tf"):
        with pytest.raises(ValueError, match=r"`\.keras`.*`\.weights\.h5`"):
            model.save(tmp_path / f"model{suffix}")
    for suffix in (".txt", ".keras", ".h5"):
        with pytest.raises(ValueError, match=r"`\.weights\.h5`"):
            model.save_weights(tmp_path / f"model{suffix}")
    for missing in ("m.keras", "m.h5", "m.weights.h5", "m"):
        for error in (ValueError, FileNotFoundError):
            with pytest.raises(error, match="no file"):
                ravine.models.load_model(missing)
            with pytest.raises(error, match="no file"):
                model.load_weights(missing)
    for wrong in ({"evil": 1}, {"zipped": False}):
        with pytest.raises(ValueError, match=r"not recognized|not supported"):
            model.save("m.keras", **wrong)
