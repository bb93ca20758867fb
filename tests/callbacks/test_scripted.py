"""Callbacks driven by scripted logs: vectors known from Keras 3, and the same scripts through Keras where it is
installed."""

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ravine

NAN = math.nan


class Optimizer:
    """What the callbacks need of one: a learning rate that is a float32."""

    def __init__(self, rate: float) -> None:
        self.learning_rate = rate

    def learning_rate_logs(self) -> dict[str, float]:
        return {"learning_rate": float(self.learning_rate)}

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, np.float32(value))


class Model:
    """A model whose only weight is the number of the epoch, and that notes what is saved."""

    def __init__(self) -> None:
        self.optimizer = Optimizer(0.1)
        self.stop_training = False
        self.metrics: list = []
        self.weights = [np.zeros(1)]
        self.saved: list[tuple] = []

    def get_weights(self) -> list:
        return [w.copy() for w in self.weights]

    def set_weights(self, weights: list) -> None:
        self.weights = [np.array(w) for w in weights]

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(("model", path))

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(("weights", path))


def run(library: ModuleType, name: str, arguments: dict, script: dict[str, list], batches: int = 0) -> dict[str, Any]:
    """Plays a script of epoch logs to one callback; what it did."""
    model = Model()
    callback = getattr(library.callbacks, name)(**arguments)
    callback.set_model(model)
    callback.set_params({"epochs": len(next(iter(script.values())))})
    callback.on_train_begin({})
    rates, logged, epochs = [], [], 0
    for epoch in range(len(next(iter(script.values())))):
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            callback.on_train_batch_begin(batch, {})
            callback.on_train_batch_end(batch, {"loss": float(batch)})
        rates.append(float(model.optimizer.learning_rate))
        model.set_weights([np.array([epoch])])
        logs = {key: values[epoch] for key, values in script.items()}
        callback.on_epoch_end(epoch, logs)
        logged.append(logs.get("learning_rate"))
        epochs += 1
        if model.stop_training:
            break
    callback.on_train_end({})
    return {
        "epochs": epochs,
        "rates": rates,
        "logged": logged,
        "weights": float(model.weights[0][0]),
        "saved": model.saved,
        "best": getattr(callback, "best", None),
        "wait": getattr(callback, "wait", None),
    }


PLATEAU = [5, 4] + [4] * 10
DESCENT = [5, 4, 3, 3.5, 3.6, 9]

SCRIPTS: dict[str, tuple] = {
    "plateau": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 2}, PLATEAU),
    "plateau cooldown": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 2, "cooldown": 2}, PLATEAU),
    "plateau delta": (
        "ReduceLROnPlateau",
        {"factor": 0.5, "patience": 1},
        [5, 4.99995, 4.9999, 4.9998, 4.9997, 4.9996],
    ),
    "plateau floor": ("ReduceLROnPlateau", {"factor": 0.1, "patience": 1, "min_lr": 0.005}, [5] + [4] * 7),
    "plateau defaults": ("ReduceLROnPlateau", {}, [5] * 13),
    "plateau max": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 2, "mode": "max"}, [1, 2, 2, 1, 3, 3, 3, 3]),
    "plateau nan": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 1}, [5, NAN, NAN, 4, NAN]),
    "plateau patience 0": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 0}, [5, 5, 4, 4, 4]),
    "stopping": ("EarlyStopping", {"patience": 2}, DESCENT),
    "stopping restores": ("EarlyStopping", {"patience": 2, "restore_best_weights": True}, DESCENT),
    "stopping never": ("EarlyStopping", {"patience": 9, "restore_best_weights": True}, DESCENT),
    "stopping late start": (
        "EarlyStopping",
        {"patience": 2, "start_from_epoch": 3, "restore_best_weights": True},
        [1, 2, 3, 4, 5, 6, 7],
    ),
    "stopping patience 0": ("EarlyStopping", {}, [5, 4, 3, 3.5, 1]),
    "stopping at once": ("EarlyStopping", {}, [5, 6, 1]),
    "stopping patience 1": ("EarlyStopping", {"patience": 1}, [5, 6, 1]),
    "stopping delta": ("EarlyStopping", {"patience": 2, "min_delta": 0.1}, [5, 4.95, 4.9, 4.85]),
    "stopping baseline": ("EarlyStopping", {"patience": 2, "baseline": 4.5}, [5, 4, 4, 4, 1]),
    "stopping unmet baseline": ("EarlyStopping", {"patience": 1, "baseline": 0.5}, [5, 4, 3, 2, 1]),
    "stopping nan": ("EarlyStopping", {"patience": 2}, [NAN] * 4),
    "stopping max": ("EarlyStopping", {"patience": 2, "mode": "max"}, [1, 2, 3, 3, 3, 5]),
    "scheduler": ("LearningRateScheduler", {"schedule": lambda epoch: 0.01 * 0.1 ** (epoch / 20)}, [0] * 16),
    "scheduler of two": ("LearningRateScheduler", {"schedule": lambda epoch, rate: rate * 0.99}, [0] * 4),
    "checkpoint": ("ModelCheckpoint", {"filepath": "a.keras"}, DESCENT),
    "checkpoint names": ("ModelCheckpoint", {"filepath": "{epoch:02d}-{val_loss:.2f}.keras"}, DESCENT),
    "checkpoint best": ("ModelCheckpoint", {"filepath": "{epoch}.keras", "save_best_only": True}, [5, 5, 3, NAN, 2]),
    "checkpoint h5": ("ModelCheckpoint", {"filepath": "{epoch}.h5"}, [1, 2]),
    "checkpoint weights": (
        "ModelCheckpoint",
        {"filepath": "{epoch}.weights.h5", "save_weights_only": True, "save_best_only": True, "mode": "max"},
        [1, 3, 2, 4],
    ),
    "checkpoint threshold": (
        "ModelCheckpoint",
        {"filepath": "{epoch}.keras", "save_best_only": True, "initial_value_threshold": 3.5},
        DESCENT,
    ),
}

BATCH_SCRIPTS: dict[str, tuple] = {
    "checkpoint every 3 batches": ({"filepath": "{epoch}-{batch}-{loss}.keras", "save_freq": 3}, 4),
    "checkpoint every batch": ({"filepath": "{epoch}-{batch}.keras", "save_freq": 1}, 2),
    "checkpoint every 5 batches": ({"filepath": "{epoch}.keras", "save_freq": 5}, 3),
}

# The rate of every epoch, from Keras 3.15.1.
RATES = {
    "plateau": [0.1] * 4 + [0.05] * 2 + [0.025] * 2 + [0.0125] * 2 + [0.00625] * 2,
    "plateau cooldown": [0.1] * 4 + [0.05] * 3 + [0.025] * 3 + [0.0125] * 2,
    "plateau delta": [0.1, 0.1, 0.05, 0.025, 0.025, 0.0125],
    "plateau floor": [0.1, 0.1, 0.1, 0.01, 0.005, 0.005, 0.005, 0.005],
}


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


@pytest.mark.parametrize("case", RATES)
def test_rates_known_from_keras(case: str) -> None:
    name, arguments, values = SCRIPTS[case]
    done = run(ravine, name, arguments, {"val_loss": values})
    np.testing.assert_allclose(done["rates"], RATES[case], rtol=1e-6)
    assert done["logged"] == done["rates"]  # the rate that the epoch was trained with


@pytest.mark.parametrize("case", SCRIPTS)
def test_scripts_as_in_keras(
    case: str, keras: ModuleType, tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name, arguments, values = SCRIPTS[case]
    theirs = run(keras, name, arguments, {"val_loss": values})
    assert_same(run(ravine, name, arguments, {"val_loss": values}), theirs)


@pytest.mark.parametrize("case", BATCH_SCRIPTS)
def test_scripts_of_batches_as_in_keras(
    case: str, keras: ModuleType, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, batches = BATCH_SCRIPTS[case]
    script = {"loss": [1, 2, 3]}
    theirs = run(keras, "ModelCheckpoint", arguments, script, batches)
    assert_same(run(ravine, "ModelCheckpoint", arguments, script, batches), theirs)


def test_the_best_of_batches() -> None:  # Keras fails here before the first epoch has ended
    arguments = {"filepath": "{epoch}-{batch}.keras", "save_freq": 2, "save_best_only": True, "monitor": "loss"}
    assert run(ravine, "ModelCheckpoint", arguments, {"loss": [1, 2]}, 5)["saved"] == [
        ("model", "1-2.keras"),
        ("model", "2-1.keras"),
    ]


def assert_same(own: dict[str, Any], theirs: dict[str, Any]) -> None:
    for key, value in theirs.items():
        if key == "best" and value is not None and np.isnan(value):
            continue  # Keras keeps a NaN as the mark to beat, which nothing ever beats
        assert own[key] == value, key


def test_every_callback_of_keras_is_here(keras: ModuleType) -> None:
    absent = {"OrbaxCheckpoint": "needs orbax, a checkpoint library of jax; BackupAndRestore resumes bit for bit"}
    theirs = {name for name in dir(keras.callbacks) if name[0].isupper()}
    assert theirs - set(absent) <= set(ravine.callbacks.__all__)
