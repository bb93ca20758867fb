"""Freezing, gradual unfreezing, and rates that fall from layer to layer."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.tuning import layerwise_rates

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(64, 5)).astype("float32")
Y = X[:, :1] * 2


def base() -> keras.Sequential:
    return keras.Sequential(
        [layers.Dense(6, name="d1"), layers.BatchNormalization(name="bn"), layers.Dense(6, name="d2")], name="base"
    )


def nested() -> keras.Sequential:
    keras.utils.set_random_seed(0)
    net = keras.Sequential([layers.Input((5,)), base(), layers.Dense(1, name="top")])
    net.compile("sgd", "mse")
    return net


class Weights(keras.callbacks.Callback):
    """Notes which layers an epoch has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: list[set[str]] = []

    def on_epoch_begin(self, epoch, logs=None) -> None:
        self.before = self.values()

    def on_epoch_end(self, epoch, logs=None) -> None:
        after = self.values()
        self.changed.append({path for path in after if not np.array_equal(after[path], self.before[path])})

    def values(self) -> dict[str, np.ndarray]:
        return {v.path: v.numpy() for v in self.model.variables}


def of(path: str) -> str:
    return path.split("/")[-2]


@pytest.mark.parametrize("trainable", [False, True])
def test_freezing_takes_effect_without_compiling_again(trainable: bool) -> None:
    net = nested()
    net.layers[0].trainable = not trainable
    net.fit(X, Y, epochs=1, verbose=0)
    net.layers[0].trainable = trainable
    watch = Weights()
    net.fit(X, Y, epochs=1, verbose=0, callbacks=[watch])
    assert {of(path) for path in watch.changed[0]} == ({"d1", "bn", "d2", "top"} if trainable else {"top"})


def test_a_frozen_batch_normalization_is_in_inference_mode() -> None:
    net = nested()
    net.fit(X, Y, epochs=1, verbose=0)
    net.layers[0].trainable = False
    moving = net.layers[0].get_layer("bn").get_weights()
    net.fit(X, Y, epochs=1, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(moving, net.layers[0].get_layer("bn").get_weights(), strict=True))
    assert np.array_equal(net.layers[0](X, training=True), net.layers[0](X, training=False))


def test_gradual_unfreezing(capsys: pytest.CaptureFixture[str]) -> None:
    net = nested()
    watch = Weights()
    phases = keras.callbacks.GradualUnfreezing({1: 1, 2: 2, 3: None}, verbose=1)
    net.fit(X, Y, epochs=5, verbose=0, callbacks=[phases, watch])
    assert [{of(path) for path in changed} for changed in watch.changed] == [
        set(),
        {"top"},
        {"d2", "top"},
        {"d1", "d2", "top"},
        {"d1", "d2", "top"},
    ]
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: training nothing",
        "Epoch 2: training top",
        "Epoch 3: training d2, top",
        "Epoch 4: training d1, d2, top",
    ]


test_gradual_unfreezing = pytest.mark.filterwarnings("ignore:.*no trainable weights")(test_gradual_unfreezing)


def test_batch_normalization_joins_in_when_asked_for() -> None:
    net = nested()
    watch = Weights()
    net.fit(
        X, Y, epochs=1, verbose=0, callbacks=[keras.callbacks.GradualUnfreezing({0: 3}, train_batch_norm=True), watch]
    )
    assert {of(path) for path in watch.changed[0]} == {"bn", "d2", "top"}


def test_the_rate_falls_with_every_phase() -> None:
    net = nested()
    phases = keras.callbacks.GradualUnfreezing({0: 1, 2: 2, 3: None}, rate_factor=0.1)
    rates = net.fit(X, Y, epochs=4, verbose=0, callbacks=[phases]).history["learning_rate"]
    np.testing.assert_allclose(rates, [1e-2, 1e-2, 1e-3, 1e-4], rtol=1e-5)


def test_schedules_and_several_optimizers_fall_with_every_phase() -> None:
    sgd, schedules = keras.optimizers.SGD, keras.optimizers.schedules
    several = keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(sgd(0.1, name="a"), {".*bias": sgd(0.01, name="b")})
    )
    for optimizer, first in (
        (sgd(schedules.PiecewiseConstantDecay([10**6], [0.1, 0.0])), {"learning_rate": 0.1}),
        (several, {"learning_rate_a": 0.1, "learning_rate_b": 0.01}),
    ):
        net = nested()
        net.compile(optimizer, "mse")
        phases = keras.callbacks.GradualUnfreezing({0: 1, 1: None}, rate_factor=0.5)
        history = net.fit(X, Y, epochs=2, verbose=0, callbacks=[phases]).history
        for name, rate in first.items():
            np.testing.assert_allclose(history[name], [rate, rate / 2], rtol=1e-5)


def test_training_can_begin_in_the_middle() -> None:
    net = nested()
    watch = Weights()
    phases = keras.callbacks.GradualUnfreezing({0: 1, 4: 2})
    net.fit(X, Y, initial_epoch=5, epochs=6, verbose=0, callbacks=[phases, watch])
    assert {of(path) for path in watch.changed[0]} == {"d2", "top"}


def test_layers_inside_of_layers_with_weights_belong_to_them() -> None:
    net = keras.Sequential([layers.Input((5,)), layers.Dense(3, activation=layers.PReLU()), layers.Dense(1)])
    net.compile("sgd", "mse")
    net.fit(X, Y, epochs=1, verbose=0, callbacks=[keras.callbacks.GradualUnfreezing({0: 1})])
    assert len(net.trainable_variables) == 2
    net.fit(X, Y, epochs=1, verbose=0, callbacks=[keras.callbacks.GradualUnfreezing({0: 2})])
    assert len(net.trainable_variables) == 5


@pytest.mark.parametrize("phases", [{}, {-1: 2}, {0: -1}])
def test_phases_are_checked(phases: dict) -> None:
    with pytest.raises(ValueError, match="GradualUnfreezing: expected"):
        keras.callbacks.GradualUnfreezing(phases)


def test_phases_are_a_dictionary() -> None:
    with pytest.raises(TypeError, match=r"expected a dict of epochs to numbers of layers, such as .*, received list"):
        keras.callbacks.GradualUnfreezing([1, 2])


def test_layerwise_rates() -> None:
    net = nested()
    rates = layerwise_rates(net, decay=2.0)
    assert {layer.name: rate for layer, rate in rates.items()} == {"d1": 0.125, "bn": 0.25, "d2": 0.5, "top": 1.0}
    assert min(layerwise_rates(net, decay=10.0, lowest=0.05).values()) == 0.05
    with pytest.raises(ValueError, match="expected `decay` to be 1 or more"):
        layerwise_rates(net, decay=0.5)
    with pytest.raises(ValueError, match="needs a built model"):
        layerwise_rates(keras.Sequential([layers.Dense(1)]))


def test_layerwise_rates_are_what_optimizers_take() -> None:
    net = nested()
    plain = net.get_weights()
    net.compile(keras.optimizers.SGD(0.1), "mse")
    net.train_on_batch(X, Y)
    full = [b - a for a, b in zip(plain, net.get_weights(), strict=True)]
    net.set_weights(plain)
    net.compile(keras.optimizers.SGD(0.1, learning_rate_multipliers=layerwise_rates(net, decay=2.0)), "mse")
    net.train_on_batch(X, Y)
    factors = {"d1": 0.125, "bn": 0.25, "d2": 0.5, "top": 1.0}
    for variable, before, after, step in zip(net.variables, plain, net.get_weights(), full, strict=True):
        factor = factors[of(variable.path)] if variable.trainable else 1.0
        np.testing.assert_allclose(after - before, factor * step, rtol=1e-3, atol=1e-6)
