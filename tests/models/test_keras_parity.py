"""The same training in Keras and in ravine: the same histories and weights, where Keras is installed."""

from types import ModuleType

import numpy as np
import pytest

import ravine

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 6)).astype(np.float32)
LABELS = (X[:, 0] + X[:, 1] > 0).astype(np.int64) + (X[:, 2] > 0.5)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
TARGETS = np.stack([X[:, 0] - X[:, 1], X[:, 2]], 1)


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def network(library: ModuleType, units: int, activation: str | None):
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(12, use_bias=False, kernel_regularizer=library.regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(8, activation="elu", kernel_constraint=library.constraints.MaxNorm(1.0)),
            layers.Dense(units, activation=activation),
        ]
    )


CASES = {
    "sparse": (3, "softmax", LABELS, {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}),
    "column of labels": (
        3,
        "softmax",
        LABELS[:, None],
        {"loss": "sparse_categorical_crossentropy", "metrics": ["acc"]},
    ),
    "one-hot": (3, "softmax", ONE_HOT, {"loss": "categorical_crossentropy", "metrics": ["accuracy", "mse"]}),
    "binary": (1, "sigmoid", LABELS > 0, {"loss": "binary_crossentropy", "metrics": ["accuracy"]}),
    "regression": (2, None, TARGETS, {"loss": "mse", "metrics": ["mae"], "loss_weights": 0.5}),
    "huber": (2, None, TARGETS, {"loss": "huber", "weighted_metrics": ["mse"]}),
}


@pytest.mark.parametrize("case", CASES)
def test_histories_and_weights(keras: ModuleType, case: str) -> None:
    optimizer = "SGD" if case == "huber" else "Adam"
    units, activation, y, arguments = CASES[case]
    results = []
    weights = None
    for library in (keras, ravine):
        model = network(library, units, activation)
        weights = [weight.copy() for weight in model.get_weights()] if weights is None else weights
        model.set_weights(weights)
        model.compile(optimizer=getattr(library.optimizers, optimizer)(0.01), **arguments)
        history = model.fit(
            X, y, batch_size=32, epochs=3, shuffle=False, validation_split=0.2, verbose=0,
            sample_weight=np.linspace(0.5, 2.0, len(X)) if case in ("huber", "sparse") else None,
            class_weight={0: 1.0, 1: 2.0} if case == "one-hot" else None,
        )  # fmt: skip
        evaluated = model.evaluate(X, y, verbose=0)
        results.append((history.history, model.get_weights(), model.predict(X, verbose=0), evaluated))
    (history, weights, predictions, evaluated), (own_history, own_weights, own_predictions, own_evaluated) = results
    assert list(own_history) == [*history, "learning_rate"]
    for name, values in history.items():
        np.testing.assert_allclose(own_history[name], values, rtol=2e-4, atol=1e-5, err_msg=name)
    for own, theirs in zip(own_weights, weights, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(own_predictions, predictions, rtol=1e-3, atol=5e-4)
    np.testing.assert_allclose(own_evaluated, evaluated, rtol=5e-4, atol=1e-5)


def test_parameter_counts_and_configurations(keras: ModuleType) -> None:
    theirs, own = network(keras, 3, "softmax"), network(ravine, 3, "softmax")
    assert own.count_params() == theirs.count_params()
    assert [weight.shape for weight in own.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    twin = keras.Sequential.from_config(own.get_config())
    assert [layer.name for layer in twin.layers] == [layer.name for layer in own.layers]
    mirrored = ravine.Sequential.from_config(theirs.get_config())
    assert [layer.name for layer in mirrored.layers] == [layer.name for layer in theirs.layers]


def test_train_on_batch_and_test_on_batch(keras: ModuleType) -> None:
    values, weights = [], None
    for library in (keras, ravine):
        model = network(library, 3, "softmax")
        weights = [weight.copy() for weight in model.get_weights()] if weights is None else weights
        model.set_weights(weights)
        model.compile(
            optimizer=library.optimizers.SGD(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        seen = [model.train_on_batch(X[:20], LABELS[:20], class_weight={0: 3.0, 2: 0.5}) for _ in range(3)]
        seen.append(model.test_on_batch(X, LABELS))
        values.append(np.asarray(seen, float))
    np.testing.assert_allclose(values[1], values[0], rtol=2e-4)
