"""examples/native: a CMake project that finds the installed package, loads, predicts, trains and saves."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ravine as keras
from ravine import _core, layers

EXAMPLE = Path(__file__).parents[2] / "examples" / "native"


def cmake_dir():
    result = subprocess.run([sys.executable, "-m", "ravine", "--cmake-dir"], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    cmake = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
    compiler = shutil.which("g++") or shutil.which("c++")
    if not cmake or not compiler:
        pytest.skip("needs cmake and a C++ compiler")
    folder = cmake_dir()
    if not folder or not Path(folder, "ravineConfig.cmake").exists():
        pytest.skip("the package was not installed (run from the source tree)")
    build = tmp_path_factory.mktemp("native")
    commands = (
        [cmake, "-S", str(EXAMPLE), "-B", str(build), f"-DCMAKE_PREFIX_PATH={folder}", "-DCMAKE_BUILD_TYPE=Release"],
        [cmake, "--build", str(build)],
    )
    for command in commands:
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    return str(build / "digits")


def test_example_predicts_the_same_bits_trains_and_saves(program, tmp_path):
    (x, y), _ = keras.datasets.digits.load_data()
    x, y = (x[:500] / 16).astype(np.float32), y[:500]
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input(x.shape[1:]), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10, "softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, epochs=3, verbose=0)
    model.export(tmp_path / "digits.ravine")
    x.tofile(tmp_path / "images")
    y.astype(np.float32).tofile(tmp_path / "labels")
    names = ["digits.ravine", "images", "labels"]
    arguments = [str(tmp_path / name) for name in names] + ["4", str(tmp_path / "new.ravine"), str(tmp_path / "p")]
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr

    predicted = np.fromfile(tmp_path / "p", np.float32).reshape(-1, 10)
    np.testing.assert_array_equal(predicted, model.predict(x, verbose=0))
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["accuracy", "epoch", "epoch", "epoch", "epoch", "accuracy"]
    losses = [float(line.split()[-1]) for line in lines if line.startswith("epoch")]
    assert losses[-1] < losses[0]
    assert float(lines[-1].split()[1]) > float(lines[0].split()[1])

    before, after = _core.NativeModel(str(tmp_path / "digits.ravine")), _core.NativeModel(str(tmp_path / "new.ravine"))
    assert after.evaluate(x, y)["loss"] < before.evaluate(x, y)["loss"]


def test_example_reports_a_bad_file(program, tmp_path):
    bad = tmp_path / "bad.ravine"
    bad.write_bytes(b"nonsense" * 10)
    result = subprocess.run([program, str(bad), str(bad), str(bad)], capture_output=True, text=True)
    assert result.returncode == 1 and "not a model file" in result.stderr
