"""The chapter's experiments run, on a handful of images."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ravine as keras

FOLDER = Path(__file__).parents[1] / "examples" / "chapter"
EXPERIMENTS = {
    "depth": 2,
    "nine_optimizers": 9,
    "batch_normalization": 3,
    "dropout": 3,
    "one_cycle": 2,
    "transfer": 2,
    "cifar_nets": 6,
}


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    rng = np.random.default_rng(0)

    def images(shape: tuple) -> tuple:
        train, test = (rng.integers(0, 256, (n, *shape), np.uint8) for n in (5320, 40))
        return (train, np.arange(5320) % 10), (test, np.arange(40) % 10)

    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: images((28, 28)))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: images((32, 32, 3)))
    monkeypatch.syspath_prepend(str(FOLDER))
    names = {path.stem for path in FOLDER.glob("*.py")}
    yield
    for name in names & set(sys.modules):
        del sys.modules[name]


def test_every_experiment_is_run_here() -> None:
    helpers = {"__main__", "common", "data"}
    assert {path.stem for path in FOLDER.glob("*.py")} - helpers == set(EXPERIMENTS)
    assert all(name in (FOLDER / "__main__.py").read_text() for name in EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment(name: str, few_images: None) -> None:
    results = list(importlib.import_module(name).run(seed=1, epochs=1))
    assert len(results) == EXPERIMENTS[name]
    assert len({result.net for result in results}) == len(results)
    for result in results:
        assert result.seed == 1 and result.epochs == 1
        assert all(0 <= accuracy <= 1 for accuracy in (result.train, result.valid, result.test))
