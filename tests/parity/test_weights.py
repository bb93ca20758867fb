"""Initializers, regularizers and constraints beside their Keras twins, one table for each kind."""

from __future__ import annotations

import inspect
import json
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import constraints, initializers, regularizers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(4, 3)).astype(np.float32)
KERNEL = RNG.normal(size=(3, 3, 4, 2)).astype(np.float32)

# name, arguments, shape
INITIALIZERS: list[tuple[str, dict, tuple]] = [
    ("Constant", {"value": 3.0}, (2, 3)),
    ("GlorotNormal", {"seed": 1}, (60, 50)),
    ("GlorotUniform", {}, (60, 50)),
    ("HeNormal", {}, (3, 3, 20, 30)),
    ("HeUniform", {"seed": 2, "input_axes": [0], "output_axes": [1]}, (60, 50)),
    ("Identity", {}, (3, 4)),
    ("LecunNormal", {}, (500,)),
    ("LecunUniform", {}, (60, 50)),
    ("Ones", {}, (3,)),
    ("Orthogonal", {"gain": 2.0}, (60, 50)),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}, (60, 50)),
    ("RandomUniform", {"minval": -1.0, "maxval": 3.0}, (60, 50)),
    ("TruncatedNormal", {"stddev": 2.0}, (60, 50)),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}, (60, 50)),
    ("VarianceScaling", {"mode": "fan_avg", "distribution": "untruncated_normal"}, (2, 30, 50)),
    ("VarianceScaling", {"scale": 3.0, "distribution": "normal"}, (60, 50)),
    ("Zeros", {}, (3,)),
]
REGULARIZERS: list[tuple[str, dict]] = [
    ("L1", {}),
    ("L1", {"l1": 0.5}),
    ("L2", {"l2": 0.25}),
    ("L1L2", {"l1": 0.5, "l2": 0.25}),
    ("L1L2", {}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS: list[tuple[str, dict, np.ndarray]] = [
    ("MaxNorm", {}, 2 * MATRIX),
    ("MaxNorm", {"max_value": 1.5, "axis": [0, 1, 2]}, KERNEL),
    ("MinMaxNorm", {}, MATRIX),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 2.0, "rate": 0.25, "axis": 1}, MATRIX),
    ("NonNeg", {}, MATRIX),
    ("UnitNorm", {"axis": 1}, MATRIX),
]
MODULES = {"initializers": initializers, "regularizers": regularizers, "constraints": constraints}
TABLES = {"initializers": INITIALIZERS, "regularizers": REGULARIZERS, "constraints": CONSTRAINTS}
BASES = {"Initializer", "Regularizer", "Constraint"}
FUNCTIONS = {"get", "serialize", "deserialize"}
NOT_HERE = {"STFT", "STFTInitializer", "stft"}  # the kernels of a Fourier transform, for layers of sound


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


@pytest.mark.parametrize("kind", MODULES)
def test_every_public_name_is_here_and_every_class_has_a_case(keras: ModuleType, kind: str) -> None:
    theirs, own = getattr(keras, kind), MODULES[kind]
    names = {name for name in dir(theirs) if not name.startswith("_")}
    assert {name for name in names - NOT_HERE if not hasattr(own, name)} == set()
    classes = {c.__name__ for name in names - NOT_HERE if inspect.isclass(c := getattr(theirs, name))}
    assert classes - BASES == {case[0] for case in TABLES[kind]}


@pytest.mark.parametrize("kind", MODULES)
def test_arguments(keras: ModuleType, kind: str) -> None:
    for name, *_ in TABLES[kind]:
        expected, own = (
            {p.name: p.default for p in inspect.signature(getattr(m, name)).parameters.values() if p.kind == 1}
            for m in (getattr(keras, kind), MODULES[kind])
        )
        assert own == expected, name


@pytest.mark.parametrize("kind", MODULES)
def test_names(keras: ModuleType, kind: str) -> None:
    """Whatever name Keras takes, of classes and of their aliases, means the same class."""
    theirs, own = getattr(keras, kind), MODULES[kind]
    more = {"normal", "uniform", "zero", "one", "l1l2"}
    for name in {n for n in dir(theirs) if not n.startswith("_")} - NOT_HERE - BASES - FUNCTIONS | more:
        try:
            expected = theirs.get(name)
        except (ValueError, KeyError):  # "constant" lacks its value there
            continue
        assert type(own.get(name)).__name__ == type(expected).__name__, name


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, table in TABLES.items() for case in table])
def test_configurations(keras: ModuleType, kind: str, case: tuple) -> None:
    theirs = getattr(getattr(keras, kind), case[0])(**case[1])
    own = getattr(MODULES[kind], case[0])(**case[1])
    expected, config = getattr(keras, kind).serialize(theirs), MODULES[kind].serialize(own)
    if case[0] == "Identity":
        assert config["config"].pop("gain") == 1.0  # which Keras forgets
    assert close(config, expected)
    assert close(MODULES[kind].serialize(MODULES[kind].deserialize(json.loads(json.dumps(expected)))), config)
    assert close(getattr(keras, kind).serialize(getattr(keras, kind).deserialize(config)), config)


def close(first: Any, second: Any) -> bool:
    """Equal, but for the rounding to float32 that Keras does in some configurations."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {**first, **second}
        return all(close(first.get(k), second.get(k)) for k in both if k != "gain") or first == second
    return first == second or (isinstance(first, float) and first == pytest.approx(second, rel=1e-6))


@pytest.mark.parametrize("case", INITIALIZERS, ids=lambda case: case[0])
def test_distributions(keras: ModuleType, case: tuple) -> None:
    name, arguments, shape = case
    theirs = np.asarray(getattr(keras.initializers, name)(**arguments)(shape))
    own = np.asarray(getattr(initializers, name)(**arguments)(shape))
    assert (own.dtype, own.shape) == (theirs.dtype, theirs.shape)
    if not isinstance(getattr(initializers, name)(), initializers.RandomInitializer):
        np.testing.assert_array_equal(own, theirs)
        return
    spread = float(theirs.std())
    assert own.std() == pytest.approx(spread, rel=0.1)
    assert own.mean() == pytest.approx(theirs.mean(), abs=0.2 * spread)
    assert abs(own).max() == pytest.approx(abs(theirs).max(), rel=0.3)


@pytest.mark.parametrize("case", REGULARIZERS, ids=lambda case: case[0])
def test_penalties_and_gradients(keras: ModuleType, case: tuple) -> None:
    import jax

    name, arguments = case
    theirs, own = getattr(keras.regularizers, name)(**arguments), getattr(regularizers, name)(**arguments)
    value, gradient = jax.value_and_grad(theirs)(jax.numpy.asarray(MATRIX))
    assert float(own(MATRIX)) == pytest.approx(float(value), rel=1e-5)
    np.testing.assert_allclose(gradient_of(own, MATRIX), gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", CONSTRAINTS, ids=lambda case: case[0])
def test_projections(keras: ModuleType, case: tuple) -> None:
    name, arguments, w = case
    expected = getattr(keras.constraints, name)(**arguments)(keras.ops.convert_to_tensor(w))
    own = getattr(constraints, name)(**arguments)
    np.testing.assert_allclose(own(w), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(run_traced(own, w, batched=False), expected, rtol=1e-5, atol=1e-7)
