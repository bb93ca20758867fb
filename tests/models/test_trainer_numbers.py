"""The bookkeeping of fit and evaluate, against numbers taken from Keras 3."""

import math

import numpy as np
import pytest

import ravine as keras
from ravine import layers, optimizers, regularizers

THREE_X = np.array([[1.0], [2.0], [3.0]], np.float32)
THREE_Y = np.zeros((3, 1), np.float32)


def linear(learning_rate: float = 0.0, **compile_arguments) -> keras.Sequential:
    """y = w x with w = 1, so that inputs 1, 2, 3 with targets 0 have the squared errors 1, 4, 9."""
    regularizer = compile_arguments.pop("kernel_regularizer", None)
    model = keras.Sequential(
        [
            layers.Input((1,)),
            layers.Dense(1, use_bias=False, kernel_initializer="ones", kernel_regularizer=regularizer),
        ]
    )
    model.compile(optimizer=optimizers.SGD(learning_rate), loss="mse", **compile_arguments)
    return model


def coin(**compile_arguments) -> keras.Sequential:
    """Two classes with probability 1/2 each, whatever the input."""
    model = keras.Sequential([layers.Input((1,)), layers.Dense(2, activation="softmax", kernel_initializer="zeros")])
    model.compile(optimizer=optimizers.SGD(0.0), loss="sparse_categorical_crossentropy", **compile_arguments)
    return model


def test_epoch_loss_is_weighted_by_the_number_of_samples() -> None:
    history = linear().fit(THREE_X, THREE_Y, batch_size=2, shuffle=False, verbose=0)
    assert history.history["loss"] == [pytest.approx(4.6666665)]


def test_losses_are_those_before_each_update() -> None:
    x = np.ones((2, 1), np.float32)
    history = linear(0.2).fit(x, np.zeros((2, 1)), batch_size=1, verbose=0)
    assert history.history["loss"] == [pytest.approx((1 + 0.36) / 2)]


def test_regularization_counts_in_the_loss_but_not_in_the_metrics() -> None:
    model = linear(kernel_regularizer=regularizers.L2(0.5), metrics=["mse"])
    history = model.fit(THREE_X, THREE_Y, batch_size=2, validation_data=(THREE_X, THREE_Y), verbose=0).history
    metric = next(name for name in history if name not in ("loss", "val_loss", "learning_rate") and "val_" not in name)
    for prefix in ("", "val_"):
        assert history[f"{prefix}loss"] == [pytest.approx(5.1666665)]
        assert history[f"{prefix}{metric}"] == [pytest.approx(4.6666665)]
    assert model.evaluate(THREE_X, THREE_Y, verbose=0) == [pytest.approx(5.1666665), pytest.approx(4.6666665)]


def test_logs_of_a_batch_are_running_means() -> None:
    seen = []
    recorder = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    linear().fit(THREE_X, THREE_Y, batch_size=2, shuffle=False, verbose=0, callbacks=[recorder])
    assert seen == [(0, pytest.approx(2.5)), (1, pytest.approx(4.6666665))]


def test_class_weight_scales_losses_and_leaves_metrics_alone() -> None:
    model = coin(metrics=["accuracy"], weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="weighted")])
    history = model.fit(
        np.zeros((4, 1)), np.array([0, 0, 0, 1]), class_weight={0: 1, 1: 3}, batch_size=4, verbose=0
    ).history
    assert history["loss"] == [pytest.approx(6 / 4 * math.log(2))]
    assert history["accuracy"] == [pytest.approx(0.75)]
    assert history["weighted"] == [pytest.approx(0.5)]


def test_sample_weight_equals_class_weight() -> None:
    x, y = np.zeros((4, 1)), np.array([0, 0, 0, 1])
    by_sample = coin().fit(x, y, sample_weight=np.array([1, 1, 1, 3]), verbose=0).history["loss"]
    assert by_sample == [pytest.approx(1.0397208)]


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y", "expected"),
    [
        (1, None, "mse", np.array([[1.0], [0.0]]), "BinaryAccuracy"),
        (1, "sigmoid", "binary_crossentropy", np.array([1, 0]), "BinaryAccuracy"),
        (3, "softmax", "sparse_categorical_crossentropy", np.array([1, 0]), "SparseCategoricalAccuracy"),
        (3, "softmax", "sparse_categorical_crossentropy", np.array([[1], [0]]), "SparseCategoricalAccuracy"),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[:2], "CategoricalAccuracy"),
    ],
)
def test_accuracy_is_chosen_by_the_shapes(units, activation, loss, y, expected) -> None:
    model = keras.Sequential([layers.Dense(units, activation=activation)])
    model.compile(optimizer="sgd", loss=loss, metrics=["accuracy"])
    history = model.fit(np.zeros((2, 4)), y, verbose=0)
    assert list(history.history) == ["accuracy", "loss", "learning_rate"]
    assert type(model.metrics[1]).__name__ == expected


@pytest.mark.parametrize(("units", "y"), [(1, np.array([1, 0])), (3, np.array([1, 0])), (3, np.eye(3)[:2])])
def test_crossentropy_is_chosen_by_the_shapes(units, y) -> None:
    model = keras.Sequential([layers.Dense(units, activation="sigmoid" if units == 1 else "softmax")])
    model.compile(optimizer="sgd", loss="crossentropy")
    assert math.isfinite(model.fit(np.zeros((2, 4)), y, verbose=0).history["loss"][0])


def test_history_keys_come_in_order() -> None:
    model = coin(metrics=["accuracy"])
    x, y = np.zeros((4, 1)), np.array([0, 0, 0, 1])
    history = model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"]
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 1}
    assert model.metrics_names == ["loss", "accuracy"]
    values = model.evaluate(x, y, verbose=0)
    assert values == [pytest.approx(math.log(2)), pytest.approx(0.75)]
    assert model.evaluate(x, y, verbose=0, return_dict=True) == dict(zip(["loss", "accuracy"], values, strict=True))


def test_evaluate_without_metrics_returns_a_number() -> None:
    assert coin().evaluate(np.zeros((4, 1)), np.array([0, 0, 0, 1]), verbose=0) == pytest.approx(math.log(2))


def test_validation_split_takes_the_last_rows() -> None:
    x = np.array([[1.0], [1.0], [1.0], [3.0]])
    history = linear().fit(x, np.zeros((4, 1)), validation_split=0.25, verbose=0).history
    assert history["loss"] == [pytest.approx(1.0)]
    assert history["val_loss"] == [pytest.approx(9.0)]


def test_learning_rate_is_always_recorded() -> None:
    model = linear(0.01)
    model.fit(THREE_X, THREE_Y, epochs=2, verbose=0)
    assert model.history.history["learning_rate"] == [0.009999999776482582] * 2


def test_a_second_fit_continues_the_iterations() -> None:
    model = linear(0.01)
    for expected in (2, 4):
        model.fit(THREE_X, THREE_Y, batch_size=2, verbose=0)
        assert int(model.optimizer.iterations) == expected


def test_recompiling_with_the_same_optimizer_keeps_its_state() -> None:
    model = linear(0.01)
    model.fit(THREE_X, THREE_Y, batch_size=1, verbose=0)
    model.compile(optimizer=model.optimizer, loss="mse")
    assert int(model.optimizer.iterations) == 3
    model.compile(optimizer="sgd", loss="mse")
    assert int(model.optimizer.iterations) == 0


def test_the_same_seed_gives_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 8)), rng.integers(0, 3, 100)

    def train() -> tuple[list, list]:
        keras.utils.set_random_seed(7)
        model = keras.Sequential([layers.Dense(16, "relu"), layers.Dropout(0.5), layers.Dense(3, "softmax")])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        history = model.fit(x, y, epochs=3, verbose=0)
        return history.history["loss"], model.get_weights()

    (loss_a, weights_a), (loss_b, weights_b) = train(), train()
    assert loss_a == loss_b
    assert all(np.array_equal(a, b) for a, b in zip(weights_a, weights_b, strict=True))


def test_ten_steps_of_sgd_equal_numpy() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(64, 5)), rng.normal(size=(64, 2))
    model = keras.Sequential([layers.Input((5,)), layers.Dense(2)])
    model.compile(optimizer=optimizers.SGD(0.1), loss="mse")
    weight, bias = (np.float64(array) for array in model.get_weights())
    model.fit(x, y, batch_size=32, epochs=5, shuffle=False, verbose=0)
    x, y = np.float64(np.float32(x)), np.float64(np.float32(y))
    for _ in range(5):
        for rows in (slice(0, 32), slice(32, 64)):
            error = 2 * (x[rows] @ weight + bias - y[rows]) / y[rows].size
            weight, bias = weight - 0.1 * x[rows].T @ error, bias - 0.1 * error.sum(0)
    np.testing.assert_allclose(model.get_weights()[0], weight, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-5, atol=1e-6)
