"""Every layer goes through every kind of file, from ravine to Keras and back.

The layers come from the table of the parity tests, which compares their outputs; those whose inputs have as many rows
share one model.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from test_layers import CASES, made, plain

import ravine
from ravine import layers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(1)
IN_KERAS = [c for c in CASES if hasattr(layers, c.name) and not c.call]
ONLY_HERE = {
    "GELU": {}, "Mish": {}, "RReLU": {}, "SELU": {}, "Swish": {}, "ThresholdedReLU": {"theta": 0.5},
}  # fmt: skip
ELSEWHERE = {
    "InputLayer": "in front of every model here",
    "Lambda": "tests/saving/test_configurations.py",
    "Layer": "a base class",
    "Merge": "a base class",
    "Operation": "the steps of ravine.ops on KerasTensors, not made by users",
    "Wrapper": "a base class",
}


def test_every_layer_has_a_case() -> None:
    public = {
        name
        for name in layers.__all__
        if isinstance(getattr(layers, name), type) and issubclass(getattr(layers, name), layers.Layer)
    }
    assert public - {case.name for case in IN_KERAS} - set(ONLY_HERE) - set(ELSEWHERE) == set()


def rows(case: Any) -> int:
    return len(case.x[0] if isinstance(case.x, list) else case.x)


def all_layers(library: ModuleType, cases: list) -> tuple[Any, list[np.ndarray]]:
    """A model with a branch for each case, and its inputs."""
    inputs, arrays, outputs = [], [], []
    for index, case in enumerate(cases):
        parts = case.x if isinstance(case.x, list) else [case.x]
        tensors = [library.Input(part.shape[1:], dtype=part.dtype.name) for part in parts]
        layer = made(library, case, f"{case.name.lower()}_{index}")
        outputs.append(layer(tensors if isinstance(case.x, list) else tensors[0]))
        inputs += tensors
        arrays += parts
    model = library.Model(inputs, outputs)
    model.set_weights([RNG.uniform(0.5, 1.5, w.shape).astype(w.dtype) for w in model.weights])
    return model, arrays


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
@pytest.mark.parametrize("direction", ["ravine to Keras", "Keras to ravine", "ravine to ravine"])
@pytest.mark.parametrize("batch", sorted({rows(case) for case in IN_KERAS}))
def test_all_layers(keras: ModuleType, tmp_path: Path, batch: int, direction: str, suffix: str) -> None:
    writer, reader = ({"ravine": ravine, "Keras": keras}[name] for name in direction.split(" to "))
    cases = [case for case in IN_KERAS if rows(case) == batch]
    model, arrays = all_layers(writer, cases)
    path = str(tmp_path / f"model{suffix}")
    if suffix == ".weights.h5":
        model.save_weights(path)
        twin, _ = all_layers(reader, cases)
        twin.load_weights(path)
    else:
        model.save(path)
        twin = reader.models.load_model(path)
    assert settings(twin) == settings(model)
    for own, other in zip(model.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(own), np.asarray(other), err_msg=own.path)
    if isinstance(model, ravine.Model) and isinstance(twin, ravine.Model):
        for own, other in zip(model.predict_on_batch(arrays), twin.predict_on_batch(arrays), strict=True):
            np.testing.assert_array_equal(own, other)


def settings(model: Any) -> list:
    """What the layers were made with, but for the names of inputs."""
    return [plain(layer.get_config()) for layer in model.layers if type(layer).__name__ != "InputLayer"]


@pytest.mark.parametrize("name", sorted(ONLY_HERE))
def test_layers_that_keras_lacks(tmp_path: Path, name: str) -> None:
    layer = getattr(layers, name)(**ONLY_HERE[name])
    model = ravine.Sequential([layers.Input((4,)), layers.Dense(3), layer])
    model.save(tmp_path / "model.keras")
    twin = ravine.models.load_model(tmp_path / "model.keras")
    x = RNG.normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    assert twin.layers[-1].get_config() == layer.get_config()
