"""Optimizers: three steps against Keras 3.15, the order within a step, state, names, errors."""

import numpy as np
import pytest

from ravine import Variable, constraints, ops, optimizers, regularizers
from ravine.ops import Trace

START = np.array([1, -2, 0.5], np.float32)
GRADIENTS = np.array([(0.5, -1, 0.001), (0.25, 1, -0.001), (-0.5, -0.5, 0.002)], np.float32)

# arguments -> w after three steps (w after the first)
VECTORS = [
    (optimizers.SGD, {}, [0.97500002, -1.95000005, 0.4998], None),
    (optimizers.SGD, {"nesterov": True}, [0.97500002, -1.95000005, 0.4998], None),
    (optimizers.SGD, {"momentum": 0.9}, [0.86699998, -1.86899996, 0.49971902], None),
    (optimizers.SGD, {"momentum": 0.9, "nesterov": True}, [0.85529995, -1.83209991, 0.49954709], None),
    (optimizers.SGD, {"weight_decay": 0.1}, [0.94654405, -1.89158809, 0.48495048], None),
    (optimizers.SGD, {"clipvalue": 0.4}, [0.97500002, -1.96000004, 0.4998], None),
    (optimizers.SGD, {"clipnorm": 0.5}, [1.00086772, -1.96843064, 0.49986234], None),
    (optimizers.SGD, {"loss_scale_factor": 1.0}, [0.97500002, -1.95000005, 0.4998], None),
    (optimizers.Adam, {}, [0.79570657, -1.88779163, 0.35580745], [0.90000129, -1.90000105, 0.40031588]),
    (optimizers.Adam, {"amsgrad": True}, [0.79570657, -1.88779163, 0.35580745], None),
    (optimizers.Nadam, {}, [0.90483004, -1.92581391, 0.37397522], [0.89372122, -1.89372122, 0.39373183]),
    (optimizers.Adam, {"weight_decay": 0.1}, [0.76892775, -1.83032703, 0.34288815], None),
]


def traced_step(optimizer, variables, gradients_shapes):
    """A program that makes one step with the gradients it is given."""
    trace = Trace()
    with trace:
        inputs = [trace.input("g", shape) for shape in gradients_shapes]
        optimizer.apply(inputs, variables)
    return trace.program(inputs, [])


@pytest.mark.parametrize(("cls", "arguments", "expected", "first"), VECTORS)
@pytest.mark.parametrize("traced", [False, True])
def test_three_steps(cls: type, arguments: dict, expected: list, first: list | None, traced: bool) -> None:
    optimizer, w = cls(learning_rate=0.1, **arguments), Variable(START)
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


def test_excluded_from_weight_decay() -> None:
    kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    optimizer = optimizers.SGD(0.1, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros(1), np.zeros(1)], [kernel, bias])
    assert [float(kernel[0]), float(bias[0])] == pytest.approx([0.9, 1.0])


def test_learning_rate_may_change_between_runs_of_one_program() -> None:
    w, optimizer = Variable([0.0]), optimizers.SGD(0.1)
    program = traced_step(optimizer, [w], [(1,)])
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
    with pytest.raises(ValueError, match="0 or more, received -1"):
        optimizer.learning_rate = -1


def test_variables_and_their_order() -> None:
    a, b = Variable([1.0], name="a"), Variable([2.0], name="b")
    optimizer = optimizers.Adam()
    optimizer.build([a, b])
    names = [v.name for v in optimizer.variables]
    assert names == ["iteration", "learning_rate", "a_momentum", "a_velocity", "b_momentum", "b_velocity"]
    optimizer = optimizers.SGD(momentum=0.9)
    optimizer.build([a])
    optimizer.build([a, b])  # a layer was unfrozen
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", "a_momentum", "b_momentum"]
    assert len(optimizers.SGD().variables) == 2
    store: dict = {}
    optimizer.apply([np.ones(1), np.ones(1)], [a, b])
    optimizer.save_own_variables(store)
    twin = optimizers.SGD(momentum=0.9)
    twin.build([a, b])
    twin.load_own_variables(store)
    assert int(twin.iterations) == 1
    assert float(twin.variables[2][0]) == pytest.approx(-0.01)


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


def test_get_and_configs() -> None:
    assert isinstance(optimizers.get("adam"), optimizers.Adam)
    assert isinstance(optimizers.get("SGD"), optimizers.SGD)
    assert isinstance(optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}}), optimizers.Adam)
    for optimizer in (
        optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipvalue=1.0, name="mine"),
        optimizers.Adam(beta_1=0.8, amsgrad=True, weight_decay=0.1),
    ):
        twin = optimizers.deserialize(optimizers.serialize(optimizer))
        assert (type(twin), twin.get_config()) == (type(optimizer), optimizer.get_config())
    assert list(optimizers.Adam(name="a").get_config()) == [
        "name", "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
        "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps", "beta_1", "beta_2", "epsilon",
        "amsgrad",
    ]  # fmt: skip


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
    with pytest.raises(TypeError, match="`learning_rate` to be a number, received 'fast'"):
        optimizers.SGD("fast")
    with pytest.raises(NotImplementedError, match="`use_ema` is not supported yet"):
        optimizers.SGD(use_ema=True)
    with pytest.raises(ValueError, match=r"gradient of shape \(1,\) for 'w', received shape \(2,\)"):
        optimizers.SGD().apply([np.zeros(2)], [w])
    with pytest.raises(ValueError, match="a gradient for each of 1 variables, received 2"):
        optimizers.SGD().apply([np.zeros(1), np.zeros(1)], [w])
    with pytest.raises(ValueError, match=r"no gradient for any of \['w'\]"):
        optimizers.SGD().apply([None], [w])
    with pytest.warns(UserWarning, match=r"no gradient for \['w'\]"):
        optimizers.SGD().apply([None, np.ones(1)], [w, Variable([1.0])])
