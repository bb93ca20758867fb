"""Nets made sick on purpose get the verdict that fits; healthy ones get none, before training and after."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from nets import CLASSES, FEATURES, pictures, stack, standardized

import ravine as keras
from ravine import layers
from ravine.diagnosis import PROBLEMS, Report, diagnose
from ravine.initializers import Constant, RandomNormal
from ravine.optimizers import SGD, Adam, Nadam

X, Y = pictures()
XS = standardized(X)


@dataclass(frozen=True)
class Sick:
    """A net that must get `problem`, seen in these layers, and apart from it only `also`."""

    problem: str
    net: Any
    x: np.ndarray
    layers: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    y: np.ndarray = field(default_factory=lambda: Y)


SICK = {
    "sigmoid, 100 layers, N(0, 1)": Sick(
        "saturated activations", lambda: stack([100] * 100, "sigmoid", RandomNormal(0.0, 1.0)), XS, ("h0", "h98"),
        ("wrong initializer", "vanishing gradients"),
    ),
    "sigmoid, 30 layers, Glorot": Sick(
        "vanishing gradients", lambda: stack([50] * 30, "sigmoid", "glorot_uniform"), XS, ("h0", "h20")
    ),
    "tanh, small weights": Sick(
        "vanishing gradients", lambda: stack([50] * 20, "tanh", RandomNormal(0.0, 0.01)), XS, ("h0",),
        ("wrong initializer",),
    ),
    "relu, 10 layers, N(0, 1)": Sick(
        "exploding gradients", lambda: stack([100] * 10, "relu", RandomNormal(0.0, 1.0)), XS, ("h0",),
        ("wrong initializer",),
    ),
    "relu, 60 layers, N(0, 1): overflow": Sick(
        "not finite", lambda: stack([100] * 60, "relu", RandomNormal(0.0, 1.0)), XS, (),
        ("wrong initializer", "exploding gradients"),
    ),
    "tanh, 20 layers, N(0, 1)": Sick(
        "exploding gradients", lambda: stack([100] * 20, "tanh", RandomNormal(0.0, 1.0)), XS, ("h0",),
        ("wrong initializer", "saturated activations"),
    ),
    "relu, biases of -8": Sick(
        "dead units", lambda: stack([50] * 3, "relu", "he_normal", bias_initializer=Constant(-8.0)), XS,
        ("h0", "h1", "h2"),
    ),
    "tanh, inputs times 100": Sick(
        "saturated activations", lambda: stack([50] * 3, "tanh", "glorot_uniform"), XS * 100, ("h0",),
        ("inputs not standardized",),
    ),
    "images of 0..255": Sick(
        "inputs not standardized", lambda: stack([50] * 3, "relu", "he_normal"), X * 255, ("h0",),
        ("learning rate too high",),
    ),
    "selu on 0..1": Sick("inputs not standardized", lambda: stack([50] * 3, "selu", "lecun_normal"), X, ("h0",)),
    "relu, 30 layers, LeCun": Sick(
        "wrong initializer", lambda: stack([50] * 30, "relu", "lecun_normal"), XS, ("h0", "h29"),
        ("vanishing gradients",),
    ),
    "relu, 30 layers, Keras' default": Sick(
        "wrong initializer", lambda: stack([50] * 30, "relu", "glorot_uniform"), XS, ("h1", "h28"),
        ("vanishing gradients", "dead units"),
    ),
    "selu, He": Sick("wrong initializer", lambda: stack([50] * 20, "selu", "he_normal"), XS, ("h0", "h19")),
    "selu, Keras' default": Sick("wrong initializer", lambda: stack([50] * 5, "selu", "glorot_uniform"), XS, ("h0",)),
    "equal units": Sick("wrong initializer", lambda: stack([50] * 2, "relu", Constant(0.01)), X, ("h0",)),
    "SGD(1e-8)": Sick("learning rate too low", lambda: stack([100, 50], "relu", "he_normal", SGD(1e-8)), X),
    "SGD(1e-12)": Sick("learning rate too low", lambda: stack([100, 50], "relu", "he_normal", SGD(1e-12)), X),
    "Adam(1e-9)": Sick("learning rate too low", lambda: stack([100, 50], "relu", "he_normal", Adam(1e-9)), X),
    "SGD(10)": Sick("learning rate too high", lambda: stack([100, 50], "relu", "he_normal", SGD(10.0)), X),
    "Adam(1)": Sick("learning rate too high", lambda: stack([100, 50], "relu", "he_normal", Adam(1.0)), X),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_sick_nets(name: str) -> None:
    sick = SICK[name]
    report = diagnose(sick.net(), sick.x, sick.y)
    assert sick.problem in report.problems, report
    assert set(report.problems) <= {sick.problem, *sick.also}, report
    verdict = next(v for v in report.verdicts if v.problem == sick.problem)
    assert set(sick.layers) <= set(verdict.layers)
    assert any(character.isdigit() for character in verdict.evidence) or sick.problem == "not finite"
    assert verdict.fix


HEALTHY = {
    "300-100 relu, He, SGD": (lambda seed: stack([300, 100], "relu", "he_normal", seed=seed), X),
    "300-100 relu, He, Adam": (lambda seed: stack([300, 100], "relu", "he_normal", Adam(), seed=seed), X),
    "300-100 relu, Keras' default": (lambda seed: stack([300, 100], "relu", "glorot_uniform", Adam(), seed=seed), X),
    "300-100, batch norm": (lambda seed: stack([300, 100], "relu", "he_normal", batch_norm=True, seed=seed), X),
    "100 x 100 selu, LeCun": (lambda seed: stack([100] * 100, "selu", "lecun_normal", SGD(1e-3), seed=seed), XS),
    "20 x 100 swish, Nadam": (lambda seed: stack([100] * 20, "swish", "he_normal", Nadam(5e-5), seed=seed), XS),
    "20 x 100 swish, batch norm, Nadam": (
        lambda seed: stack([100] * 20, "swish", "he_normal", Nadam(5e-4), batch_norm=True, seed=seed), XS,
    ),
    "20 x 100 elu, He, Nadam": (lambda seed: stack([100] * 20, "elu", "he_normal", Nadam(5e-5), seed=seed), XS),
    "3 x 100 tanh, Glorot, momentum": (
        lambda seed: stack([100] * 3, "tanh", "glorot_uniform", SGD(0.01, momentum=0.9), seed=seed), XS,
    ),
    "2 x 100 sigmoid, Glorot": (lambda seed: stack([100] * 2, "sigmoid", "glorot_uniform", SGD(0.1), seed=seed), XS),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name in HEALTHY for seed in ([0] if "100 x" in name else [0, 1])]
)
def test_healthy_nets_stay_without_verdict(name: str, seed: int) -> None:
    make, x = HEALTHY[name]
    net = make(seed)
    report = diagnose(net, x, Y)
    assert report.healthy, str(report)
    net.fit(x, Y, epochs=3, verbose=0)
    report = diagnose(net, x, Y)
    assert report.healthy, str(report)


def small(output: layers.Layer, loss: Any) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [layers.Input((FEATURES,)), layers.Dense(20, activation="relu", kernel_initializer="he_normal"), output]
    )
    net.compile(SGD(1e-3), loss)
    return net


BINARY = (Y > 4).astype("float32")
MISFITS = {
    "softmax over one unit": (layers.Dense(1, activation="softmax"), "binary_crossentropy", BINARY, "single unit"),
    "softmax, then from_logits": (
        layers.Dense(10, activation="softmax"), keras.losses.SparseCategoricalCrossentropy(from_logits=True), Y,
        "already",
    ),
    "logits where probabilities belong": (layers.Dense(10), "sparse_categorical_crossentropy", Y, "expects prob"),
    "classes -1 and 1": (layers.Dense(1, activation="sigmoid"), "binary_crossentropy", 2 * BINARY - 1, "from -1"),
    "sigmoid for targets above 1": (layers.Dense(1, activation="sigmoid"), "mse", Y.astype("float32"), "lie outside"),
    "relu for negative targets": (layers.Dense(1, activation="relu"), "mae", Y - 5.0, "lie outside"),
    "targets in the thousands": (layers.Dense(1), "mse", 1e4 + 1e3 * Y, "root mean square"),
    "one class": (layers.Dense(1, activation="sigmoid"), "binary_crossentropy", 0 * BINARY, "targets are equal, 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_targets_that_do_not_fit(name: str) -> None:
    output, loss, y, evidence = MISFITS[name]
    report = diagnose(small(output, loss), X, y)
    verdict = report.verdicts[0]
    assert verdict.problem == "targets and output do not fit"
    assert evidence in verdict.evidence


@pytest.mark.parametrize(
    ("output", "loss", "y"),
    [
        (layers.Dense(1, activation="sigmoid"), "binary_crossentropy", BINARY),
        (layers.Dense(1), keras.losses.BinaryCrossentropy(from_logits=True), BINARY),
        (layers.Dense(10), keras.losses.SparseCategoricalCrossentropy(from_logits=True), Y),
        (layers.Dense(10, activation="softmax"), "categorical_crossentropy", keras.utils.to_categorical(Y)),
        (layers.Dense(1), "mse", Y.astype("float32")),
        (layers.Dense(1, activation="tanh"), "mse", 2 * BINARY - 1),
    ],
)
def test_targets_that_fit(output: layers.Layer, loss: Any, y: np.ndarray) -> None:
    assert "targets and output do not fit" not in diagnose(small(output, loss), X, y).problems


def test_missing_values_are_found_in_the_data() -> None:
    x = X.copy()
    x[[3, 70], 5] = np.nan
    verdict = diagnose(stack([20], "relu", "he_normal"), x, Y).verdicts[0]
    assert verdict.problem == "not finite"
    assert verdict.evidence.startswith("2 of the 512 rows of x hold NaN or infinity, the first of them row 3.")


def test_one_missing_value_is_found_outside_of_the_rows_that_are_looked_at() -> None:
    x, y = np.tile(X, (4, 1)), np.tile(Y, 4)
    x[1001, 5] = np.nan
    verdict = diagnose(stack([20], "relu", "he_normal"), x, y, samples=100).verdicts[0]
    assert verdict.problem == "not finite"
    assert "1 of the 2048 rows" in verdict.evidence


def test_infinite_targets_get_no_second_verdict() -> None:
    y = Y.astype("float32")
    y[::7] = np.inf
    assert diagnose(small(layers.Dense(1), "mse"), X, y).problems == ("not finite",)


def test_broken_weights_are_named() -> None:
    net = stack([20, 20], "relu", "he_normal")
    net.layers[1].kernel.array[0, 0] = np.nan
    verdict = diagnose(net, X, Y).verdicts[0]
    assert (verdict.problem, verdict.layers) == ("not finite", ("h1",))
    assert "h1/kernel" in verdict.evidence


def test_a_layer_that_overflows_is_named() -> None:
    class Reciprocal(layers.Layer):
        def call(self, x):
            return 1.0 / (x - x)

    net = keras.Sequential([layers.Input((FEATURES,)), Reciprocal(name="bad"), layers.Dense(1)])
    verdict = diagnose(net, X, BINARY, loss="mse").verdicts[0]
    assert (verdict.problem, verdict.layers) == ("not finite", ("bad",))


def test_every_problem_has_a_sick_net() -> None:
    shown = {sick.problem for sick in SICK.values()} | {"targets and output do not fit"}
    assert shown == set(PROBLEMS)


def test_weights_that_training_has_changed_are_not_judged_by_their_initializer() -> None:
    net = stack([50] * 20, "relu", "lecun_normal")
    assert "wrong initializer" in diagnose(net, XS, Y).problems
    for layer in net.layers[:-1]:
        layer.kernel.array[...] *= 2**0.5
    assert "wrong initializer" not in diagnose(net, XS, Y).problems


def test_normalization_excuses_the_scale_of_the_weights() -> None:
    net = stack([50] * 10, "relu", RandomNormal(0.0, 1.0), batch_norm=True)
    assert diagnose(net, XS, Y).healthy
    first = keras.Sequential([layers.Input((FEATURES,)), layers.BatchNormalization(), *net.layers])
    first.compile("adam", "sparse_categorical_crossentropy")
    assert isinstance(diagnose(first, X * 255, Y), Report)
    assert diagnose(first, X * 255, Y).healthy


def joined(kind: str) -> tuple[Any, Any, Any]:
    """Healthy nets that are no plain stack: a compiled model and its data."""
    keras.utils.set_random_seed(0)
    x: Any = keras.Input((FEATURES,))
    if kind == "residual, normalized":
        h = layers.Dense(40)(x)
        for _ in range(20):
            branch = layers.Dense(80, activation="gelu")(layers.LayerNormalization()(h))
            h = layers.Add()([h, layers.Dense(40)(branch)])
        y = layers.Dense(CLASSES, activation="softmax")(layers.LayerNormalization()(h))
    elif kind == "residual, branches that begin as 0":
        h = layers.Dense(40)(x)
        for _ in range(4):
            branch = layers.Dense(40, activation="relu", kernel_initializer="he_normal")(h)
            h = layers.Add()([h, layers.Dense(40, kernel_initializer="zeros")(branch)])
        y = layers.Dense(CLASSES, activation="softmax")(h)
    elif kind == "two towers":
        x = [keras.Input((FEATURES // 2,)) for _ in range(2)]
        towers = list(x)
        for _ in range(4):
            towers = [layers.Dense(32, activation="relu")(tower) for tower in towers]
        y = layers.Dense(CLASSES, activation="softmax")(layers.Concatenate()(towers))
    elif kind.startswith("last weights"):
        initializer = "zeros" if kind.endswith(" 0") else keras.initializers.Orthogonal(0.01)
        h = x
        for _ in range(2):
            h = layers.Dense(50, activation="tanh")(h)
        y = layers.Dense(CLASSES, activation="softmax", kernel_initializer=initializer)(h)
    else:  # outputs that count for little and for much
        h, g = (layers.Dense(50, activation="relu")(x) for _ in range(2))
        y = [layers.Dense(CLASSES, activation="softmax")(h), layers.Dense(1)(h), layers.Dense(1)(g)]
    net = keras.Model(x, y)
    if isinstance(y, list):
        net.compile("adam", ["sparse_categorical_crossentropy", "mse", "mse"], loss_weights=[0.1, 3e-5, 1.0])
        return net, XS, [Y, Y / 10, 5.0 * Y]
    net.compile("adam", "sparse_categorical_crossentropy")
    return net, np.split(XS, 2, axis=1) if isinstance(x, list) else XS, Y


@pytest.mark.parametrize(
    "kind",
    [
        "residual, normalized",
        "residual, branches that begin as 0",
        "two towers",
        "last weights of 0",
        "last weights near 0",
        "outputs of other sizes",
    ],
)
def test_healthy_nets_of_other_shapes(kind: str) -> None:
    report = diagnose(*joined(kind))
    assert report.healthy, str(report)


def test_deep_nets_that_have_learned_are_no_longer_judged_by_their_initial_weights() -> None:
    net = stack([50] * 10, "relu", "glorot_uniform", Adam())
    assert diagnose(net, XS, Y).problems == ("wrong initializer",)
    net.fit(XS, Y, epochs=40, verbose=0)
    assert diagnose(net, XS, Y).healthy


def test_signals_that_shrink_beyond_the_range_of_numbers() -> None:
    report = diagnose(stack([5] * 40, "tanh", RandomNormal(stddev=1e-12)), XS, Y)
    assert report.problems[0] == "wrong initializer"


def test_one_feature_does_not_ask_for_large_weights() -> None:
    keras.utils.set_random_seed(0)
    x = np.linspace(-3, 3, 200)[:, None]
    net = keras.Sequential([layers.Dense(64, activation="relu"), layers.Dense(64, activation="relu"), layers.Dense(1)])
    net.compile("adam", "mse")
    assert diagnose(net, x, np.sin(x)).healthy


def test_one_hot_codes_are_no_small_inputs_and_zeros_are_named() -> None:
    net = keras.Sequential([layers.Input((20000,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    net.compile("adam", "mse")
    x = np.zeros((100, 20000), "float32")
    assert "is 0 in every one of 100" in diagnose(net, x, np.arange(100.0)).verdicts[0].evidence
    x[np.arange(100), np.arange(100) * 7] = 1
    assert "inputs not standardized" not in diagnose(net, x, np.arange(100.0)).problems


def test_the_activation_to_replace_is_named_when_it_is_a_layer() -> None:
    net = keras.Sequential([layers.Input((FEATURES,))])
    for _ in range(14):
        net.add(layers.Dense(50))
        net.add(layers.Activation("sigmoid"))
    net.add(layers.Dense(CLASSES, activation="softmax"))
    (verdict,) = diagnose(net, XS, Y, loss="sparse_categorical_crossentropy").verdicts
    assert verdict.problem == "vanishing gradients"
    assert verdict.fix.startswith("Replace sigmoid")


def test_the_low_rates_at_the_end_of_a_schedule_are_no_fault() -> None:
    schedule = keras.optimizers.schedules.PolynomialDecay(0.01, 10, 1e-9)
    net = stack([50], "relu", "he_normal", SGD(schedule))
    net.fit(X, Y, epochs=1, verbose=0)
    report = diagnose(net, X, Y)
    assert report.learning_rate == pytest.approx(1e-9)
    assert report.healthy
