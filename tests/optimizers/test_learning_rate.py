"""The learning rate: numbers, schedules, functions, factors on top; what fit logs of it."""

import math

import numpy as np
import pytest

import ravine as keras
from ravine import Variable, callbacks, layers, ops, optimizers
from ravine.ops import Trace
from ravine.optimizers import schedules

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)).astype(np.float32), RNG.normal(size=(40, 1)).astype(np.float32)


def model_of(optimizer) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [layers.Input((3,)), layers.Dense(4, "tanh", name="base"), layers.Dense(1, name="base_1")], name="net"
    )
    model.compile(optimizer, loss="mse")
    return model


def traced_step(optimizer, variables):
    with Trace() as trace:
        inputs = [trace.input("g", v.shape) for v in variables]
        optimizer.apply(inputs, variables)
    return trace.program(inputs, [])


def test_it_may_change_between_runs_of_one_program() -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(0.1)
    program = traced_step(optimizer, [w])
    program.run([np.ones(1)])
    optimizer.learning_rate = 1.0
    program.run([np.ones(1)])
    assert float(w[0]) == pytest.approx(-1.1)
    assert float(optimizer.learning_rate) == 1.0
    assert optimizer.learning_rate.numpy() == 1.0
    optimizer.learning_rate = optimizer.learning_rate * 0.5
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate.assign(0.25)
    assert optimizer.get_config()["learning_rate"] == 0.25
    with pytest.warns(UserWarning, match="rate -1 is below 0"):
        optimizer.learning_rate = -1  # as a formula may that runs on after its last step


def test_lr_says_what_it_is_called_now() -> None:
    optimizer = optimizers.SGD(0.1)
    assert not hasattr(optimizer, "lr")
    with pytest.raises(AttributeError, match="it is called 'learning_rate'"):
        optimizer.lr  # noqa: B018
    with pytest.raises(AttributeError, match="assign to `learning_rate`"):
        optimizer.lr = 0.5
    for value in ("fast", None, [1, 2], float("nan")):
        with pytest.raises(ValueError, match="`learning_rate` to be"):
            optimizers.SGD(value)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "RMSprop", "Adafactor", "Lamb"])
def test_a_schedule_equals_assigning_its_values(name: str) -> None:
    schedule = schedules.ExponentialDecay(0.1, 3, 0.5)
    w, v, twin = Variable([1.0, 2.0]), Variable([1.0, 2.0]), getattr(optimizers, name)(0.1)
    optimizer = getattr(optimizers, name)(schedule)
    program = traced_step(optimizer, [w])
    for step in range(6):
        gradient = RNG.normal(size=2).astype(np.float32)
        assert float(optimizer.learning_rate) == float(schedule(step))
        assert optimizer.learning_rate.numpy() == schedule(step)
        program.run([gradient])
        twin.learning_rate = float(schedule(step))
        twin.apply([gradient], [v])
        np.testing.assert_allclose(w, v, rtol=1e-6)


def test_assigning_where_a_schedule_is() -> None:
    optimizer = optimizers.Adam(schedules.ExponentialDecay(0.1, 3, 0.5))
    with pytest.raises(TypeError, match=r"follows ExponentialDecay\(.*Assign to `learning_rate_scale`"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.CosineDecay(0.5, 10)
    assert float(optimizer.learning_rate) == 0.5
    plain = optimizers.Adam(0.1)
    assert len(plain.variables) == 2
    plain.learning_rate = schedules.CosineDecay(0.5, 10)
    assert [v.name for v in plain.variables] == ["iteration"]
    with pytest.raises(TypeError, match="no schedule to scale; assign to `learning_rate`"):
        optimizers.SGD(0.1).learning_rate_scale = 0.5
    with pytest.raises(ValueError, match="`learning_rate_scale` to be 0 or more, received -1"):
        optimizer.learning_rate_scale = -1


def test_a_new_schedule_takes_effect_in_a_model_that_was_trained() -> None:
    model = model_of(optimizers.SGD(0.1))
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = schedules.PiecewiseConstantDecay([10**6], [0.0, 1.0])
    before = model.get_weights()
    history = model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history["learning_rate"] == [0.0]


def test_a_scale_on_top_of_a_schedule_takes_effect_at_once() -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 2.0]))
    assert optimizer.learning_rate_scale == 1.0
    optimizer.learning_rate_scale = 0.5
    program, seen = traced_step(optimizer, [w]), []
    for scale in (0.5, 0.5, 0.25, 1.0):
        optimizer.learning_rate_scale = scale
        before = float(w[0])
        program.run([np.ones(1)])
        seen.append(before - float(w[0]))
    assert seen == [0.5, 0.5, 0.5, 2.0]
    assert optimizer.variables[-1].name == "learning_rate_scale"
    optimizer.learning_rate_scale = 0.125
    store: dict = {}
    optimizer.save_own_variables(store)
    twin = optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 2.0]))
    twin.build([Variable([0.0])])
    twin.load_own_variables(store)
    assert twin.learning_rate_scale == 0.125
    assert float(twin.learning_rate) == 0.25


def test_fit_logs_the_rate_of_the_last_step_of_the_epoch() -> None:
    schedule = schedules.ExponentialDecay(0.1, 1, 0.9)
    model = model_of(optimizers.SGD(schedule))

    class Halve(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate_scale *= 0.5

    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[Halve()]).history  # 5 steps an epoch
    np.testing.assert_allclose(history["learning_rate"], [0.1 * 0.9**4, 0.05 * 0.9**9, 0.025 * 0.9**14], rtol=1e-5)
    history = model_of(optimizers.SGD(0.01)).fit(X, Y, epochs=2, verbose=0).history
    assert history["learning_rate"] == [float(np.float32(0.01))] * 2


class Handmade(schedules.LearningRateSchedule):
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, step):
        warm = ops.cast(step, "float32") / 4
        return self.rate * ops.where(step < 4, warm, 1 / ops.maximum(step - 3, 1) ** 0.5)


def test_own_schedules_run_in_the_engine() -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(Handmade(0.1))
    program, expected = traced_step(optimizer, [w]), 0.0
    for step in range(8):
        expected -= 0.1 * (step / 4 if step < 4 else 1 / math.sqrt(step - 3))
        program.run([np.ones(1)])
        assert float(w[0]) == pytest.approx(expected, rel=1e-5)
    changed = model_of(optimizers.SGD(Handmade(0.0)))
    before = changed.get_weights()
    changed.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(before[0], changed.get_weights()[0])
    changed.optimizer._learning_rate.rate = 0.5
    changed.fit(X, Y, verbose=0)
    assert np.any(before[0] != changed.get_weights()[0])


def test_a_schedule_that_cannot_be_traced_says_so() -> None:
    class Branching(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 if step < 10 else 0.01

    class Cosine(schedules.LearningRateSchedule):
        def __call__(self, step):
            return math.cos(step)

    class Rows(schedules.LearningRateSchedule):
        def __call__(self, step):
            return ops.ones((2,))

    for schedule in (Branching(), Cosine()):
        assert float(optimizers.SGD(schedule).learning_rate) in (pytest.approx(0.1), 1.0)  # at once it is plain Python
        with pytest.raises(TypeError, match=r"cannot run inside the engine.*ravine.ops.*LearningRateScheduler"):
            model_of(optimizers.SGD(schedule)).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"Rows: expected one value for one step, received shape \(2,\)"):
        optimizers.SGD(Rows()).learning_rate  # noqa: B018
    with pytest.raises(NotImplementedError, match=r"Branching: get_config\(\) is not implemented"):
        optimizers.SGD(Branching()).get_config()


def test_a_function_as_the_rate() -> None:
    rate, w = Variable(0.5, trainable=False), Variable([0.0])
    optimizer = optimizers.SGD(lambda: rate * 2)
    program = traced_step(optimizer, [w])
    program.run([np.ones(1)])
    rate.assign(0.25)
    program.run([np.ones(1)])
    assert float(w[0]) == -1.5
    assert float(optimizer.learning_rate) == 0.5
    assert float(optimizers.SGD(lambda: 0.125).learning_rate) == 0.125


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Nadam", "RMSprop", "Lion", "Adagrad", "Adafactor"])
def test_multipliers_equal_optimizers_with_the_products(name: str) -> None:
    make = getattr(optimizers, name)
    factors = [0.5, 1.0, 0.0]
    mixed = [Variable([[1.0, 2.0]], name=f"w{i}") for i in range(3)]
    optimizer = make(0.1, learning_rate_multipliers={mixed[0]: 0.5, "w2": 0.0})
    program = traced_step(optimizer, mixed)
    alone = [(Variable([[1.0, 2.0]]), make(0.1 * factor)) for factor in factors]
    for _ in range(4):
        gradients = [RNG.normal(size=(1, 2)).astype(np.float32) for _ in mixed]
        program.run(gradients)
        for gradient, (variable, single) in zip(gradients, alone, strict=True):
            single.apply([gradient], [variable])
    for ours, (expected, _) in zip(mixed, alone, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=2e-6)
    np.testing.assert_array_equal(mixed[2], [[1, 2]])


def test_which_variables_a_multiplier_fits() -> None:
    model = model_of("sgd")
    base, head = model.layers

    def moved(multipliers) -> list[bool]:
        optimizer = optimizers.SGD(0.1, learning_rate_multipliers=multipliers)
        model.compile(optimizer, loss="mse")
        before = model.get_weights()
        model.fit(X, Y, verbose=0)
        return [bool(np.any(a != b)) for a, b in zip(before, model.get_weights(), strict=True)]

    assert moved({"base": 0.0}) == [False, False, True, True]  # not base_1
    assert moved({base: 0.0}) == [False, False, True, True]
    assert moved({"bias": 0.0}) == [True, False, True, False]
    assert moved({r"base/kernel|base_\d": 0.0}) == [False, True, False, False]
    assert moved({"base/bias": 1.0, "base": 0.0}) == [False, True, True, True]
    assert moved({"net/.*": 0.0}) == [False] * 4
    with pytest.warns(UserWarning, match=r"'bas' in `learning_rate_multipliers` fits none"):
        assert moved({"bas": 0.0}) == [True] * 4
    with pytest.raises(TypeError, match="layers, variables or regular expressions for variable paths, received 3"):
        moved({3: 0.0})
    with pytest.raises(ValueError, match="`learning_rate_multipliers` to be 0 or more, received -1"):
        moved({"base": -1})
    config = optimizers.SGD(learning_rate_multipliers={base: 0.5, head.kernel: 0.1, "x.*": 2}).get_config()
    assert config["learning_rate_multipliers"] == {"base": 0.5, head.kernel.path: 0.1, "x.*": 2.0}
    assert "learning_rate_multipliers" not in optimizers.SGD(learning_rate_multipliers={}).get_config()


def test_settings_that_change_after_training_take_effect() -> None:
    model = model_of(optimizers.SGD(0.0, weight_decay=0.5))
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.1
    model.optimizer.exclude_from_weight_decay(var_names=["base"])
    model.optimizer.clipvalue = 1e-9  # nothing but decay is left
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)


def test_averages_at_the_end_of_fit() -> None:
    class Weights(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append([w.copy() for w in self.model.get_weights()])

    seen: list = []
    model = model_of(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    model.fit(X, Y, batch_size=20, epochs=2, verbose=0, callbacks=[Weights()])
    for index, final in enumerate(model.get_weights()):
        average = seen[0][index]
        for weights in seen[1:]:
            average = 0.5 * average + 0.5 * weights[index]
        np.testing.assert_allclose(final, average, rtol=1e-5)


def test_loss_scale_does_not_change_training() -> None:
    results = []
    for arguments in ({}, {"loss_scale_factor": 64.0}):
        model = model_of(optimizers.SGD(0.1, **arguments))
        history = model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        results.append((model.get_weights(), history.history["loss"]))
    for a, b in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6)
