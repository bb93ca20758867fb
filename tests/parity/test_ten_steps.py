"""Ten training steps from the same weights on the same batches: as close to float64 as Keras comes."""

from types import ModuleType

import numpy as np
import pytest
from float64_mlp import Float64MLP

import ravine

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

SIZES = (40, 64, 32, 10)
STEPS, BATCH = 10, 32
RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "adam": 0.001, "nadam": 0.001}

RNG = np.random.default_rng(7)
X = RNG.normal(size=(STEPS, BATCH, SIZES[0])).astype(np.float32)
LABELS = RNG.integers(0, SIZES[-1], (STEPS, BATCH))


def network(library: ModuleType, batch_norm: bool):
    layers = [library.layers.Input((SIZES[0],))]
    for units in SIZES[1:-1]:
        layers.append(library.layers.Dense(units, use_bias=not batch_norm))
        if batch_norm:
            layers.append(library.layers.BatchNormalization())
        layers.append(library.layers.Activation("relu"))
    layers.append(library.layers.Dense(SIZES[-1], activation="softmax"))
    return library.Sequential(layers)


def optimizer(library: ModuleType, name: str):
    if name in ("adam", "nadam"):
        return library.optimizers.get({"class_name": name.capitalize(), "config": {"learning_rate": RATES[name]}})
    momentum = 0.0 if name == "sgd" else 0.9
    return library.optimizers.SGD(RATES[name], momentum=momentum, nesterov=name == "nesterov")


def initial_weights(batch_norm: bool) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    weights = []
    for w in network(ravine, batch_norm).get_weights():
        weights.append(
            rng.normal(0, np.sqrt(2 / w.shape[0]), w.shape) if w.ndim == 2 else w + rng.uniform(0, 0.1, w.shape)
        )
    return [w.astype(np.float32) for w in weights]


def train(library: ModuleType, name: str, batch_norm: bool, weights: list[np.ndarray]) -> list[np.ndarray]:
    model = network(library, batch_norm)
    model.set_weights(weights)
    model.compile(optimizer(library, name), loss="sparse_categorical_crossentropy")
    for x, labels in zip(X, LABELS, strict=True):
        model.train_on_batch(x, labels)
    return model.get_weights()


def distance(ours: list[np.ndarray], exact: list[np.ndarray]) -> float:
    """Relative to the size of the weights, over all of them."""
    difference = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(ours, exact, strict=True)))
    return float(difference / np.sqrt(sum(np.sum(b**2) for b in exact)))


def exact_weights(name: str, batch_norm: bool, weights: list[np.ndarray]) -> list[np.ndarray]:
    reference = Float64MLP(weights, batch_norm)
    for x, labels in zip(X, LABELS, strict=True):
        reference.step(x, labels, name, np.float64(np.float32(RATES[name])))
    return reference.weights


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch_norm"])
@pytest.mark.parametrize("name", RATES)
def test_within_float32_of_float64(name: str, batch_norm: bool, isa: str) -> None:
    weights = initial_weights(batch_norm)
    exact = exact_weights(name, batch_norm, weights)
    assert distance(weights, exact) > 1e-3, "the weights must have moved"
    assert distance(train(ravine, name, batch_norm, weights), exact) < 1e-6


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch_norm"])
@pytest.mark.parametrize("name", RATES)
def test_as_close_as_keras(name: str, batch_norm: bool) -> None:
    keras = pytest.importorskip("keras")
    weights = initial_weights(batch_norm)
    exact = exact_weights(name, batch_norm, weights)
    ours = distance(train(ravine, name, batch_norm, weights), exact)
    theirs = distance(train(keras, name, batch_norm, weights), exact)
    assert ours <= 2 * theirs, f"ravine is {ours:.2e} from float64, Keras {theirs:.2e}"


def test_dropout_keeps_the_mean_and_drops_the_rate() -> None:
    layer = ravine.layers.Dropout(0.3)
    y = np.asarray(layer(np.ones((400, 1000), np.float32), training=True))
    assert abs(np.mean(y == 0) - 0.3) < 3e-3
    assert abs(y.mean() - 1) < 5e-3
    np.testing.assert_allclose(y[y != 0], 1 / 0.7, rtol=1e-6)
    again = np.asarray(layer(np.ones((400, 1000), np.float32), training=True))
    assert abs(np.mean((y == 0) & (again == 0)) - 0.09) < 3e-3, "masks of two steps must be independent"
