"""Every script of examples/figures draws its picture, with little data; the gallery shows each of them."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ravine as keras

image = pytest.importorskip("matplotlib.image")

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "examples" / "figures"
GALLERY = ROOT / "docs" / "gallery.md"
NAMES = sorted(file.stem for file in SCRIPTS.glob("[!_]*.py"))
LITTLE = {"epochs": 2, "images": 128, "samples": 3, "every": 1}


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten kinds of noisy pictures in place of MNIST, which would have to be downloaded."""

    def load_data(*_: Any) -> Any:
        rng = np.random.default_rng(0)
        y = rng.integers(0, 10, 300, dtype=np.uint8)
        x = 20 * rng.random((300, 28, 28)) + 200 * rng.integers(0, 2, (10, 28, 28))[y]
        return (x.astype(np.uint8), y), (x[:10].astype(np.uint8), y[:10])

    monkeypatch.setattr(keras.datasets.mnist, "load_data", load_data)


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    for own in [*NAMES, "_shared"]:
        monkeypatch.delitem(sys.modules, own, raising=False)
    return importlib.import_module(name)


@pytest.mark.filterwarnings("ignore:find_learning_rate. . steps are too few")
@pytest.mark.parametrize("name", NAMES)
def test_draws_its_picture(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_digits: None) -> None:
    draw = script(name, monkeypatch).draw
    settings = {key: value for key, value in LITTLE.items() if key in draw.__annotations__}
    file = draw(tmp_path, **settings)
    assert file == tmp_path / f"{name}.png"
    pixels = image.imread(file)
    assert pixels[..., :3].std() > 0.01
    assert 600 <= pixels.shape[1] <= 1100


def test_the_command_draws_what_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPTS, "--out", tmp_path / "new", "saturation"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["saturation.png"]
    done = subprocess.run([sys.executable, SCRIPTS, "nothing"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no such figure: nothing" in done.stderr


def test_the_gallery_shows_every_figure() -> None:
    page = GALLERY.read_text()
    assert sorted(re.findall(r"\]\(figures/(\w+)\.png\)", page)) == NAMES
    assert sorted(re.findall(r"\]\(\.\./examples/figures/(\w+)\.py\)", page)) == NAMES
    assert sorted(file.stem for file in (ROOT / "docs" / "figures").glob("*.png")) == NAMES
    for file in (ROOT / "docs" / "figures").glob("*.png"):
        assert file.stat().st_size < 60_000
