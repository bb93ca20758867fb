"""Optimizers: three steps against Keras 3.15, the order within a step, accumulation and averages, errors."""

import numpy as np
import pytest

from ravine import Variable, constraints, ops, optimizers, regularizers
from ravine.ops import Trace
from ravine.optimizers import schedules

START = np.array([1, -2, 0.5], np.float32)
GRADIENTS = np.array([(0.5, -1, 0.001), (0.25, 1, -0.001), (-0.5, -0.5, 0.002)], np.float32)

# class, arguments -> w after three steps with the rate 0.1, w after the first one
VECTORS = [
    ("SGD", {}, [0.97500002, -1.95000005, 0.4998], None),
    ("SGD", {"nesterov": True}, [0.97500002, -1.95000005, 0.4998], None),
    ("SGD", {"momentum": 0.9}, [0.86699998, -1.86899996, 0.49971902], None),
    ("SGD", {"momentum": 0.9, "nesterov": True}, [0.85529995, -1.83209991, 0.49954709], None),
    ("SGD", {"weight_decay": 0.1}, [0.94654405, -1.89158809, 0.48495048], None),
    ("SGD", {"clipvalue": 0.4}, [0.97500002, -1.96000004, 0.4998], None),
    ("SGD", {"clipnorm": 0.5}, [1.00086772, -1.96843064, 0.49986234], None),
    ("SGD", {"loss_scale_factor": 1.0}, [0.97500002, -1.95000005, 0.4998], None),
    ("SGD", {"clipnorm": 0.0, "weight_decay": 0.0}, [0.97500002, -1.95000005, 0.4998], None),
    ("Adagrad", {}, [0.93798918, -1.94104397, 0.49936756], None),
    ("RMSprop", {}, [0.75800651, -1.80024958, 0.21793179], None),
    ("RMSprop", {"centered": True, "momentum": 0.9}, [0.01113990, -1.41924584, -0.01991211], None),
    ("Adam", {}, [0.79570657, -1.88779163, 0.35580745], [0.90000129, -1.90000105, 0.40031588]),
    ("Adam", {"amsgrad": True}, [0.79570657, -1.88779163, 0.35580745], None),
    ("Adam", {"weight_decay": 0.1}, [0.76892775, -1.83032703, 0.34288815], None),
    ("AdamW", {"weight_decay": 0.1}, [0.76892775, -1.83032703, 0.34288815], None),
    ("Adamax", {}, [0.81664801, -1.89011896, 0.37003455], None),
    ("Nadam", {}, [0.90483004, -1.92581391, 0.37397522], [0.89372122, -1.89372122, 0.39373183]),
    ("Adadelta", {}, [0.99991596, -1.99991775, 0.49987066], None),
    ("Lion", {}, [0.89999998, -1.89999998, 0.40000001], None),
    ("Lamb", {}, [0.61753356, -1.81381118, 0.19224209], None),
    ("Ftrl", {}, [0.40346667, -1.33802116, -0.00062994], None),
    ("Adafactor", {}, [0.92362082, -1.91764057, 0.33155996], None),
    ("ScheduleFreeAdamW", {}, [0.90190977, -1.94690180, 0.41344592], None),
]


def traced_step(optimizer, variables, gradients_shapes):
    """A program that makes one step with the gradients it is given."""
    trace = Trace()
    with trace:
        inputs = [trace.input("g", shape) for shape in gradients_shapes]
        optimizer.apply(inputs, variables)
    return trace.program(inputs, [])


@pytest.mark.parametrize(("name", "arguments", "expected", "first"), VECTORS)
@pytest.mark.parametrize("traced", [False, True])
def test_three_steps(name: str, arguments: dict, expected: list, first: list | None, traced: bool) -> None:
    optimizer, w = getattr(optimizers, name)(learning_rate=0.1, **arguments), Variable(START)
    program = traced_step(optimizer, [w], [START.shape]) if traced else None
    for step, gradient in enumerate(GRADIENTS):
        program.run([gradient]) if traced else optimizer.apply([gradient], [w])
        if step == 0 and first is not None:
            np.testing.assert_allclose(w, first, rtol=0, atol=2e-6)
    # Keras' own float32 steps of Adam are 1.6e-6 away from float64.
    np.testing.assert_allclose(w, expected, rtol=0, atol=4e-6)
    assert int(optimizer.iterations) == 3


def test_adam_against_float64() -> None:
    w, m, v = START.astype(float), np.zeros(3), np.zeros(3)
    ours, optimizer = Variable(START), optimizers.Adam(0.1)
    for t, g in enumerate(np.tile(GRADIENTS.astype(float), (10, 1)), 1):
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        w -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        optimizer.apply([g], [ours])
    np.testing.assert_allclose(ours, w, rtol=1e-5, atol=5e-6)


def test_adam_epsilon_is_added_to_the_uncorrected_root() -> None:
    w = Variable([0.0])
    optimizers.Adam(0.1).apply([np.array([1e-6], np.float32)], [w])
    assert float(w[0]) == pytest.approx(-0.0240252, rel=1e-4)


def stepped(gradients, **clipping) -> list[np.ndarray]:
    variables = [Variable(np.zeros(np.shape(g))) for g in gradients]
    optimizers.SGD(1.0, **clipping).apply([np.array(g, np.float32) for g in gradients], variables)
    return [v.numpy() for v in variables]


def test_clipping() -> None:
    gradients = [(3, 4), (12,)]
    first, second = stepped(gradients, clipnorm=1)
    np.testing.assert_allclose([*first, *second], [-0.6, -0.8, -1], rtol=1e-6)
    first, second = stepped(gradients, global_clipnorm=1)
    np.testing.assert_allclose([*first, *second], [-0.2307692, -0.3076923, -0.9230769], rtol=1e-6)
    first, second = stepped(gradients, clipvalue=1)
    np.testing.assert_allclose([*first, *second], [-1, -1, -1])
    for limit in ("clipnorm", "global_clipnorm", "clipvalue"):
        np.testing.assert_array_equal(stepped([(0, 0)], **{limit: 1})[0], [0, 0])
        np.testing.assert_allclose(stepped([(0.3, 0.4)], **{limit: 1})[0], [-0.3, -0.4], rtol=1e-6)
    assert np.isnan(stepped([(1, 2), (np.inf,)], global_clipnorm=1)[0]).all()


def test_regularization_is_clipped_and_weight_decay_is_not() -> None:
    penalty, results = regularizers.L2(0.5), []
    for arguments, penalized in (({}, True), ({"clipnorm": 1}, True), ({"weight_decay": 0.5, "clipnorm": 1}, False)):
        w = Variable([10.0])
        optimizer = optimizers.SGD(0.1, **arguments)
        trace = Trace()
        with trace:
            loss = penalty(w) if penalized else ops.sum(w * 0.0)
            optimizer.apply(trace.gradients(loss, [w]), [w])
        trace.program([], []).run([])
        results.append(float(w[0]))
    assert results == pytest.approx([9.0, 9.9, 9.5])


def test_constraints_follow_the_update() -> None:
    w = Variable([[3.0], [4.0]], constraint=constraints.MaxNorm(1.0))
    optimizer = optimizers.SGD(0.0)
    program = traced_step(optimizer, [w], [(2, 1)])
    np.testing.assert_array_equal(w, [[3], [4]])
    program.run([np.zeros((2, 1))])
    assert np.linalg.norm(w) == pytest.approx(1, rel=1e-6)


def test_own_optimizer_with_the_methods_of_keras() -> None:
    class SignDescent(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.counts = [self.add_variable_from_reference(v, "count") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            count = self.counts[self._get_variable_index(variable)]
            self.assign_add(count, ops.absolute(ops.sign(gradient)))
            self.assign_sub(variable, ops.sign(gradient) * learning_rate)

    optimizer, w = SignDescent(learning_rate=0.5), Variable([1.0, 1.0])
    program = traced_step(optimizer, [w], [(2,)])
    for _ in range(2):
        program.run([np.array([3.0, 0.0])])
    np.testing.assert_allclose(w, [0, 1])
    np.testing.assert_allclose(optimizer.counts[0], [2, 0])


def test_errors() -> None:
    w = Variable([1.0], name="w")
    with pytest.raises(ValueError, match=r"argument\(s\) not recognized: \{'lr': 0.001\}"):
        optimizers.Adam(lr=0.001)
    with pytest.raises(ValueError, match="only one of clipnorm, global_clipnorm, clipvalue may be given"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match=r"Unknown optimizer 'adm'. Did you mean 'adam'"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match="Cannot make an optimizer of 3"):
        optimizers.get(3)
    with pytest.raises(ValueError, match="`momentum` to be from 0 to 1, received 2"):
        optimizers.SGD(momentum=2)
    with pytest.raises(ValueError, match=r"`lr` is called `learning_rate`"):
        optimizers.RMSprop(lr=0.001)
    with pytest.warns(UserWarning, match="`decay` has no effect"):
        optimizers.SGD(decay=1e-4)
    with pytest.raises(ValueError, match="`ema_momentum` to be from 0 to 1, received 2"):
        optimizers.SGD(use_ema=True, ema_momentum=2)
    with pytest.raises(ValueError, match=r"`ema_overwrite_frequency` to be a whole number of 1 or more, received 0\.5"):
        optimizers.SGD(use_ema=True, ema_overwrite_frequency=0.5)
    with pytest.raises(ValueError, match="`gradient_accumulation_steps` to be a whole number of 2 or more, received 1"):
        optimizers.SGD(gradient_accumulation_steps=1)
    with pytest.raises(ValueError, match="`learning_rate_power` to be 0 or below"):
        optimizers.Ftrl(learning_rate_power=0.5)
    with pytest.raises(ValueError, match="`initial_accumulator_value` to be 0 or more, received -1"):
        optimizers.Adagrad(initial_accumulator_value=-1)
    with pytest.raises(ValueError, match="AdamW: expected `weight_decay` to be a number"):
        optimizers.AdamW(weight_decay=None)
    with pytest.raises(ValueError, match="`beta_1` to be above 0"):
        optimizers.Lion(beta_1=0.0)
    with pytest.raises(ValueError, match=r"give these arguments to the inner optimizer: \{'clipnorm': 1.0\}"):
        optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0)
    with pytest.raises(ImportError, match=r"optimizers.legacy.Adam is gone, as in Keras 3; use optimizers.Adam\."):
        optimizers.legacy.Adam(0.1)
    with pytest.raises(ValueError, match=r"gradient of shape \(1,\) for 'w', received shape \(2,\)"):
        optimizers.SGD().apply([np.zeros(2)], [w])
    with pytest.raises(ValueError, match="a gradient for each of 1 variables, received 2"):
        optimizers.SGD().apply([np.zeros(1), np.zeros(1)], [w])
    with pytest.raises(ValueError, match=r"no gradient for any of \['w'\]"):
        optimizers.SGD().apply([None], [w])
    with pytest.warns(UserWarning, match=r"no gradient for \['w'\]"):
        optimizers.SGD().apply([None, np.ones(1)], [w, Variable([1.0])])


@pytest.mark.parametrize("traced", [False, True])
def test_accumulation(traced: bool) -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(1.0, gradient_accumulation_steps=2)
    program = traced_step(optimizer, [w], [(1,)]) if traced else None
    seen, iterations = [], []
    for gradient in (1, 3, 5, 7):
        program.run([[gradient]]) if traced else optimizer.apply([np.array([gradient], np.float32)], [w])
        seen.append(float(w[0]))
        iterations.append(int(optimizer.iterations))
    assert seen == [0, -2, -2, -8]
    assert iterations == [0, 1, 1, 2]
    assert [v.name for v in optimizer.variables[:2]] == ["iteration", "learning_rate"]
    assert optimizer.variables[2].name == f"{w.name}_gradient_accumulator"


@pytest.mark.parametrize("traced", [False, True])
def test_moving_averages(traced: bool) -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    program = traced_step(optimizer, [w], [(1,)]) if traced else None
    optimizer.build([w])
    optimizer.finalize_variable_values([w])
    assert float(w[0]) == 0  # before the first step there is no average
    for step in range(3):
        program.run([[1.0]]) if traced else optimizer.apply([np.ones(1, np.float32)], [w])
        assert float(w[0]) == -1 - step
    assert float(optimizer.variables[2][0]) == -2.25
    optimizer.finalize_variable_values([w])
    assert float(w[0]) == -2.25


@pytest.mark.parametrize("traced", [False, True])
def test_weights_become_their_averages_now_and_then(traced: bool) -> None:
    arguments = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
    w, optimizer = Variable([0.0], constraint=constraints.NonNeg()), optimizers.SGD(1.0, **arguments)
    program = traced_step(optimizer, [w], [(1,)]) if traced else None
    seen = []
    for gradient in (-4, -2, -2, 9):
        program.run([[gradient]]) if traced else optimizer.apply([np.array([gradient], np.float32)], [w])
        seen.append(float(w[0]))
    # Averages 4, 5 (-> w), 6, then (6 + (7 - 9)) / 2 = 2 (-> w).
    assert seen == [4, 5, 7, 2]


def test_constraints_come_after_the_averages() -> None:
    w = Variable([0.0], constraint=constraints.NonNeg())
    optimizer = optimizers.SGD(1.0, use_ema=True)
    optimizer.apply([np.ones(1)], [w])
    assert [float(w[0]), float(optimizer.variables[2][0])] == [0, -1]


def test_epsilon_of_adagrad_and_rmsprop_stands_inside_the_root() -> None:
    for optimizer, expected in (
        (optimizers.RMSprop(1.0, rho=0.0, epsilon=3.0), 1 / np.sqrt(1 + 3)),
        (optimizers.Adagrad(1.0, initial_accumulator_value=0.5, epsilon=2.5), 1 / np.sqrt(1 + 0.5 + 2.5)),
    ):
        w = Variable([0.0])
        optimizer.apply([np.ones(1)], [w])
        assert float(w[0]) == pytest.approx(-expected)


def test_demon_and_scheduled_momentum() -> None:
    steps, gradients = 6, np.random.default_rng(0).normal(size=(6, 3))
    demon = schedules.Demon(0.9, steps)
    beta = [0.9 * (1 - t / steps) / (0.1 + 0.9 * (1 - t / steps)) for t in range(steps)]
    for nesterov in (False, True):
        w, v = np.zeros(3), np.zeros(3)
        for b, g in zip(beta, gradients, strict=True):
            v = b * v - 0.1 * g
            w = w + (b * v - 0.1 * g if nesterov else v)
        for traced in (False, True):
            ours, optimizer = Variable(np.zeros(3)), optimizers.SGD(0.1, momentum=demon, nesterov=nesterov)
            program = traced_step(optimizer, [ours], [(3,)]) if traced else None
            for g in gradients:
                program.run([g]) if traced else optimizer.apply([g], [ours])
            np.testing.assert_allclose(ours, w, rtol=1e-5)
    w, m, v, product = np.zeros(3), np.zeros(3), np.zeros(3), 1.0
    for t, (b, g) in enumerate(zip(beta, gradients, strict=True), 1):
        product *= b
        m += (1 - b) * (g - m)
        v += 0.001 * (g * g - v)
        w -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - product) * m / (np.sqrt(v) + 1e-7)
    for traced in (False, True):
        ours, optimizer = Variable(np.zeros(3)), optimizers.Adam(0.1, beta_1=demon)
        program = traced_step(optimizer, [ours], [(3,)]) if traced else None
        for g in gradients:
            program.run([g]) if traced else optimizer.apply([g], [ours])
        np.testing.assert_allclose(ours, w, rtol=2e-5)
        assert optimizer.variables[-1].name == "beta_1_product"
    twin = optimizers.deserialize(optimizers.serialize(optimizer))
    assert twin.get_config() == optimizer.get_config()
    assert isinstance(twin.beta_1, schedules.Demon)


class Loud(optimizers.AdamW):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate)


class DecaysTwice(optimizers.SGD):
    def _apply_weight_decay(self, variables):
        for _ in range(2):
            super()._apply_weight_decay(variables)


@pytest.mark.parametrize("traced", [False, True])
def test_rules_of_ones_own_find_the_weights_decayed(traced: bool) -> None:
    def after_a_step(optimizer: optimizers.Optimizer) -> np.ndarray:
        w = Variable(START)
        if traced:
            traced_step(optimizer, [w], [START.shape]).run([GRADIENTS[0]])
        else:
            optimizer.apply([GRADIENTS[0]], [w])
        return np.array(w)

    same = [after_a_step(kind(0.1, weight_decay=0.5)) for kind in (optimizers.AdamW, Loud)]
    np.testing.assert_array_equal(*same)
    twice = after_a_step(DecaysTwice(0.1, weight_decay=0.5))
    np.testing.assert_allclose(twice, START * np.float32(0.95**2) - 0.1 * GRADIENTS[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "op"),
    [
        (optimizers.SGD(0.1, weight_decay=0.1), "sgdw"),
        (optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1), "sgdw_momentum"),
        (optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.1), "sgdw_nesterov"),
        (optimizers.AdamW(0.1), "adamw"),
    ],
)
def test_decay_rides_on_the_weight_gradient(optimizer: optimizers.Optimizer, op: str) -> None:
    w, trace = Variable(np.ones((40, 30), np.float32)), Trace()
    with trace:
        inputs = [trace.input("x", (None, 40)), trace.input("dy", (None, 30))]
        product = ops.apply("matmul", inputs, {"transpose_a": 1, "transpose_b": 0})
        optimizer.apply([product], [w])
    plan = trace.program(inputs, []).describe(32)
    assert f"matmul + {op} " in plan, plan


def test_adafactor_where_a_row_and_a_column_have_no_gradient() -> None:
    """As when an input is 0 in all samples and a unit is dead: 1e-30 times 1e-30 is no float."""
    kernel = Variable(np.full((3, 2), 0.5, np.float32))
    optimizer = optimizers.Adafactor(0.1)
    optimizer.apply([np.float32([[0, 0], [0, 1], [0, 2]])], [kernel])
    assert np.isfinite(kernel.numpy()).all()
    np.testing.assert_array_equal(kernel.numpy()[[0, 0, 1, 2], [0, 1, 0, 0]], 0.5)
    assert (kernel.numpy()[1:, 1] < 0.5).all()
