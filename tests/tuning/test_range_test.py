"""The learning-rate range test: what it measures, and that it puts everything back."""

import signal
from typing import Any

import numpy as np
import pytest

import ravine as keras
from ravine import _core, layers, random
from ravine.tuning import LearningRateRange, find_learning_rate, range_test

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(640, 12)).astype("float32")
Y = (X @ DRAW.normal(size=(12, 3))).argmax(axis=1)


def classifier(optimizer: Any = None) -> keras.Sequential:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            layers.Input((12,)),
            layers.Dense(16, activation="relu", kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    net.compile(optimizer or keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def state_of(net: keras.Model) -> list[bytes]:
    variables = [*net.variables, *net.optimizer.variables, *(v for m in net.metrics for v in m.variables)]
    variables += [v.state for layer in net.layers for v in vars(layer).values() if isinstance(v, random.SeedGenerator)]
    return [*(v.numpy().tobytes() for v in variables), repr(random.global_generator().bit_generator.state).encode()]


@pytest.mark.parametrize("trained", [False, True])
def test_everything_is_put_back(trained: bool) -> None:
    net = classifier()
    (net.fit if trained else net.evaluate)(X, Y, verbose=0)
    before = state_of(net)
    result = find_learning_rate(net, X, Y, epochs=2)
    assert len(result.rates) > 10
    assert state_of(net) == before


def test_training_goes_on_as_if_nothing_had_happened() -> None:
    def weights(test: bool) -> list[np.ndarray]:
        net = classifier(keras.optimizers.SGD(0.01, momentum=0.9))
        net.fit(X, Y, epochs=1, verbose=0)
        if test:
            find_learning_rate(net, X, Y, epochs=2)
        net.fit(X, Y, epochs=1, verbose=0)
        return net.get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(weights(False), weights(True), strict=True))


class Interrupted(Exception):
    """What the test raises in the middle of the run."""


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Interrupted])
def test_everything_is_put_back_after_an_interruption(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    net = classifier()
    net.fit(X, Y, epochs=1, verbose=0)
    before = state_of(net)
    looked = []
    true_divergence = range_test._divergence

    def interrupted(losses: np.ndarray) -> int | None:
        looked.append(len(losses))
        if kind is KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
            return true_divergence(losses)
        raise kind

    monkeypatch.setattr(range_test, "_divergence", interrupted)
    monkeypatch.setattr(range_test, "POLL_SECONDS", 0.0)
    with pytest.raises(kind):
        find_learning_rate(net, X, Y, epochs=50)
    assert looked[0] < 1000  # it was in the middle
    assert state_of(net) == before


@pytest.mark.filterwarnings("ignore:find_learning_rate")
def test_rates_and_losses_are_those_of_training_by_hand() -> None:
    net = classifier(keras.optimizers.SGD(0.5))
    keras.utils.set_random_seed(5)
    result = find_learning_rate(net, X, Y, batch_size=64, min_rate=1e-3, max_rate=1.0)
    assert result.factor == pytest.approx(1000 ** (1 / 10))
    np.testing.assert_allclose(result.rates, 1e-3 * 1000 ** (np.arange(10) / 10))
    keras.utils.set_random_seed(5)
    order = _core.shuffle(len(X), random.draw_seed())
    losses = []
    for step, rate in enumerate(result.rates):
        net.optimizer.learning_rate = rate
        rows = order[64 * step : 64 * (step + 1)]
        losses.append(net.train_on_batch(X[rows], Y[rows])[0])
    np.testing.assert_allclose(result.losses, losses, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:find_learning_rate")
@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.3, 10, 0.5)),
        keras.optimizers.SGD(0.3, learning_rate_multipliers={".*": 1.0}),
        keras.optimizers.SGD(lambda: 0.3),
    ],
)
def test_schedules_and_multipliers_do_not_matter(optimizer: keras.optimizers.Optimizer) -> None:
    def losses(optimizer: keras.optimizers.Optimizer) -> np.ndarray:
        net = classifier(optimizer)
        keras.utils.set_random_seed(5)
        return find_learning_rate(net, X, Y, min_rate=1e-3, max_rate=1.0).losses

    before = optimizer.get_config() if not callable(optimizer._learning_rate) else float(optimizer.learning_rate)
    np.testing.assert_allclose(losses(optimizer), losses(keras.optimizers.SGD(0.1)), rtol=1e-5)
    after = optimizer.get_config() if not callable(optimizer._learning_rate) else float(optimizer.learning_rate)
    assert after == before


def test_the_chapters_numbers_of_steps_and_factor() -> None:
    x = np.zeros((55_000, 1), np.float32)
    net = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
    net.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="never fell"):
        result = find_learning_rate(net, x, x, epochs=1, batch_size=128, min_rate=1e-4, max_rate=1)
    assert len(result.rates) == 430
    assert result.factor == pytest.approx(1.0216504, abs=5e-8)
    rates, losses = result
    assert rates is result.rates
    assert losses is result.losses


def test_it_ends_when_the_loss_explodes() -> None:
    net = keras.Sequential([layers.Input((12,)), layers.Dense(1)])
    net.compile("sgd", "mse")
    result = find_learning_rate(net, X, X.sum(axis=1, keepdims=True), max_rate=1e6, steps=400)
    assert result.diverged
    assert len(result.rates) < 400
    assert np.isfinite(result.losses[:-1]).all()
    assert 0.1 < result.turning_point < 5.0  # steps diverge from 2 / (largest curvature) on, which is about 1
    assert result.suggestion == pytest.approx(result.turning_point / 10)
    assert result.one_cycle_maximum == pytest.approx(result.turning_point / 2)
    assert repr(result).startswith("<LearningRateRange")


def test_the_suggested_rate_trains_well() -> None:
    net = classifier(keras.optimizers.SGD(1e-9))
    result = find_learning_rate(net, X, Y, epochs=10)
    assert result.suggestion is not None
    net.optimizer.learning_rate = result.suggestion
    history = net.fit(X, Y, epochs=5, verbose=0).history["loss"]
    assert history[-1] < 0.7 * history[0]


def test_warnings_for_ranges_that_are_too_small() -> None:
    linear = keras.Sequential([layers.Input((12,)), layers.Dense(1)])
    linear.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"still falling at the end; raise max_rate \(0.001\)"):
        find_learning_rate(linear, X, X.sum(axis=1, keepdims=True), max_rate=1e-3, steps=100, batch_size=640)
    zero = keras.Sequential([layers.Input((12,)), layers.Dense(1, kernel_initializer="zeros")])
    zero.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="never fell"):
        result = find_learning_rate(zero, X, np.zeros((len(X), 1)))
    assert result.suggestion is None
    assert "never fell" in repr(result)


def test_optimizers_of_one_model_are_not_touched() -> None:
    net = classifier()
    assert not net.optimizer.built
    find_learning_rate(net, X, Y)
    assert not net.optimizer.built
    assert int(net.optimizer.iterations) == 0
    assert float(net.optimizer.learning_rate) == pytest.approx(1e-3)


@pytest.mark.filterwarnings("ignore:find_learning_rate")
def test_several_inputs_and_outputs() -> None:
    a, b = keras.Input((6,)), keras.Input((6,))
    both = layers.Concatenate()([a, b])
    net = keras.Model([a, b], [layers.Dense(1)(both), layers.Dense(1)(both)])
    net.compile("sgd", "mse")
    result = find_learning_rate(net, [X[:, :6], X[:, 6:]], [X[:, :1], X[:, 1:2]], max_rate=0.5)
    assert np.isfinite(result.losses).all()


@pytest.mark.filterwarnings("ignore:find_learning_rate")
def test_sample_weight_and_unbuilt_models() -> None:
    net = keras.Sequential([layers.Dense(1)])
    net.compile("sgd", "mse")
    result = find_learning_rate(net, X, X[:, :1], sample_weight=np.ones(len(X)), max_rate=0.5)
    assert isinstance(result, LearningRateRange)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_rate": 1.0, "max_rate": 0.1}, "expected 0 < min_rate < max_rate, received 1.0 and 0.1"),
        ({"min_rate": 0.0}, "expected 0 < min_rate"),
        ({"epochs": 0}, "epochs: expected an integer of at least 1"),
        ({"steps": 0}, "steps: expected an integer of at least 1"),
    ],
)
def test_errors(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_learning_rate(classifier(), X, Y, **arguments)


def test_loss_scaling_changes_nothing() -> None:
    plain = find_learning_rate(classifier("sgd"), X, Y, epochs=10)
    scaled = find_learning_rate(
        classifier(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())), X, Y, epochs=10
    )
    assert scaled.suggestion == pytest.approx(plain.suggestion, rel=0.2)


def test_several_rates_are_refused() -> None:
    several = keras.optimizers.MultiOptimizer(lambda variable: keras.optimizers.SGD())
    for optimizer in (several, keras.optimizers.LossScaleOptimizer(several)):
        with pytest.raises(ValueError, match="MultiOptimizer has a learning rate for each of its optimizers"):
            find_learning_rate(classifier(optimizer), X, Y)


def test_a_loss_that_is_lost_from_the_start() -> None:
    with pytest.raises(ValueError, match=r"the loss is nan before any step; ravine\.diagnose"):
        find_learning_rate(classifier(), X * np.nan, Y)


def test_rates_are_numbers() -> None:
    with pytest.raises(TypeError, match="expected min_rate to be a number, received '1e-5'"):
        find_learning_rate(classifier(), X, Y, min_rate="1e-5")


def test_too_few_steps() -> None:
    with pytest.warns(UserWarning, match="3 steps are too few for a curve"):
        find_learning_rate(classifier(), X, Y, steps=3)


def test_it_needs_a_compiled_model_and_arrays() -> None:
    net = keras.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match=r"call compile\(optimizer=..., loss=...\) before find_learning_rate"):
        find_learning_rate(net, X, Y)
    with pytest.raises(ValueError, match="pass arrays"):
        find_learning_rate(classifier(), iter([(X, Y)]))


def test_figure(tmp_path) -> None:
    image = pytest.importorskip("matplotlib.image")
    result = find_learning_rate(classifier("sgd"), X, Y, epochs=10)
    figure = result.plot(tmp_path / "rates.png")
    assert figure.axes[0].get_xscale() == "log"
    assert len(np.unique(image.imread(tmp_path / "rates.png")[..., 0])) > 10
