"""What optimizers remember: the order of their variables, saving and loading, configurations."""

import copy
import pickle

import numpy as np
import pytest

from ravine import Sequential, Variable, layers, optimizers
from ravine.optimizers import schedules
from ravine.variable import name_scope

CLASSES = [cls for name, cls in vars(optimizers).items() if name in optimizers.__all__ and isinstance(cls, type)]
SINGLE = [
    cls for cls in CLASSES if cls.__name__ not in ("Optimizer", "OptimizerMap", "LossScaleOptimizer", "MultiOptimizer")
]


def two() -> list[Variable]:
    return [Variable([1.0, 2.0], name="a"), Variable([[2.0]], name="b")]


ORDERS = [
    ("SGD", {}, []),
    ("SGD", {"momentum": 0.9}, ["a_momentum", "b_momentum"]),
    ("RMSprop", {}, ["a_velocity", "b_velocity"]),
    (
        "RMSprop",
        {"momentum": 0.9, "centered": True},
        ["a_velocity", "b_velocity", "a_momentum", "b_momentum", "a_average_gradient", "b_average_gradient"],
    ),
    ("Adagrad", {}, ["a_accumulator", "b_accumulator"]),
    (
        "Adadelta",
        {},
        ["a_accumulated_grad", "a_accumulated_delta_var", "b_accumulated_grad", "b_accumulated_delta_var"],
    ),
    ("Adam", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity"]),
    (
        "Adam",
        {"amsgrad": True, "use_ema": True},
        [
            "a_average", "b_average", "a_momentum", "a_velocity", "b_momentum", "b_velocity", "a_velocity_hat",
            "b_velocity_hat",
        ],
    ),
    ("Adamax", {}, ["a_momentum", "a_norm", "b_momentum", "b_norm"]),
    ("Nadam", {}, ["a_momentum", "a_velocity", "b_momentum", "b_velocity", "momentum_product"]),
    (
        "Lion",
        {"use_ema": True, "gradient_accumulation_steps": 2},
        ["a_average", "b_average", "a_gradient_accumulator", "b_gradient_accumulator", "a_momentum", "b_momentum"],
    ),
    ("Ftrl", {}, ["a_accumulator", "a_linear", "b_accumulator", "b_linear"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "slots"), ORDERS, ids=str)
def test_order_of_the_variables(name: str, arguments: dict, slots: list[str]) -> None:
    for rate, first in ((0.1, ["iteration", "learning_rate"]), (schedules.CosineDecay(0.1, 5), ["iteration"])):
        optimizer = getattr(optimizers, name)(rate, **arguments)
        assert [v.name for v in optimizer.variables] == first
        optimizer.build(two())
        assert [v.name for v in optimizer.variables] == first + slots


@pytest.mark.parametrize("cls", SINGLE)
def test_variables_that_come_later_join_their_groups(cls: type) -> None:
    a, b = two()
    whole, grown = cls(0.1, use_ema=True), cls(0.1, use_ema=True)
    whole.build([a, b])
    grown.apply([np.ones((1, 1))], [b])
    grown.apply([np.ones(2), np.ones((1, 1))], [a, b])  # a layer was unfrozen
    assert [v.path.split("/")[1] for v in grown.variables] == [v.path.split("/")[1] for v in whole.variables]
    store: dict = {}
    grown.save_own_variables(store)
    whole.load_own_variables(store)
    for ours, loaded in zip(grown.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ours, loaded)


@pytest.mark.parametrize("cls", SINGLE)
def test_a_loaded_state_goes_on_identically(cls: type) -> None:
    rng = np.random.default_rng(1)
    gradients = [[rng.normal(size=2), rng.normal(size=(1, 1))] for _ in range(8)]
    variables, optimizer = two(), cls(0.05, use_ema=True)
    for step in gradients[:4]:
        optimizer.apply(step, variables)
    twins = [Variable(v.numpy(), name=v.name) for v in variables]
    twin = cls.from_config(optimizer.get_config())
    twin.build(twins)
    store: dict = {}
    optimizer.save_own_variables(store)
    twin.load_own_variables(store)
    copied, copies = pickle.loads(pickle.dumps((optimizer, variables)))
    deep, deep_variables = copy.deepcopy((optimizer, variables))
    for each, its in ((optimizer, variables), (twin, twins), (copied, copies), (deep, deep_variables)):
        for step in gradients[4:]:
            each.apply(step, its)
        for v, expected in zip(its, variables, strict=True):
            np.testing.assert_array_equal(v, expected)
        assert int(each.iterations) == 8


def test_loading_what_does_not_fit() -> None:
    optimizer = optimizers.Adam()
    with pytest.warns(
        UserWarning, match=r"not loaded: expected 2 variables, received 3. It has no slots yet: call build"
    ):
        optimizer.load_own_variables({"0": 3, "1": 0.5, "2": np.ones(2)})
    assert int(optimizer.iterations) == 0
    optimizer.build(two()[:1])
    with pytest.raises(ValueError, match=r"expected 4 arrays, received 1"):
        optimizer.set_weights([1])
    with pytest.raises(ValueError, match=r"'adam.*/a_velocity' expected shape \(2,\), received shape \(3,\)"):
        optimizer.set_weights([1, 0.5, np.ones(2), np.ones(3)])
    assert int(optimizer.iterations) == 0  # all or nothing
    optimizer.set_weights([1, 0.5, np.ones(2), np.full(2, 2.0)])
    assert (int(optimizer.iterations), float(optimizer.learning_rate)) == (1, 0.5)


def test_own_optimizers_refuse_new_variables() -> None:
    class Own(optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.m = self.add_optimizer_variables(variables, "m")
            self.p, self.q = self.add_optimizer_variables(variables, ["p", "q"], ["zeros", "ones"])

        def update_step(self, gradient, variable, learning_rate):
            self.assign_sub(variable, gradient * learning_rate)

    optimizer, (a, b) = Own(0.1), two()
    optimizer.apply([np.ones(2)], [a])
    assert [v.name for v in optimizer.variables[2:]] == ["a_m", "a_p", "a_q"]
    np.testing.assert_array_equal(optimizer.q[0], [1, 1])
    optimizer.apply([np.ones(2)], [a])
    with pytest.raises(ValueError, match=r"\['b'\] were not among the variables"):
        optimizer.apply([np.ones((1, 1))], [b])


def test_get_and_configurations() -> None:
    assert isinstance(optimizers.get("adam"), optimizers.Adam)
    assert isinstance(optimizers.get("SGD"), optimizers.SGD)
    assert isinstance(optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}}), optimizers.Adam)
    for optimizer in (
        optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipvalue=1.0, name="mine"),
        optimizers.Adam(schedules.Warmup(schedules.OneCycle(0.1, 50), 5), beta_1=0.8, amsgrad=True, weight_decay=0.1),
        optimizers.AdamW(learning_rate_multipliers={"dense": 0.5}, decay_biases_and_norms=False),
    ):
        twin = optimizers.deserialize(optimizers.serialize(optimizer))
        assert (type(twin), twin.get_config()) == (type(optimizer), optimizer.get_config())
    assert list(optimizers.Adam(name="a").get_config()) == [
        "name", "learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
        "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps", "beta_1", "beta_2", "epsilon",
        "amsgrad",
    ]  # fmt: skip
    names = [optimizers.RMSprop().name, optimizers.AdamW().name, optimizers.ScheduleFreeAdamW().name]
    assert [name.rstrip("_0123456789") for name in names] == ["rm_sprop", "adam_w", "schedule_free_adam_w"]


def test_exemptions_from_weight_decay() -> None:
    def decayed(**arguments) -> list[bool]:
        with name_scope("dense"):
            made = [Variable(np.ones((1, 1)), name="kernel"), Variable([1.0], name="bias"), Variable(1.0, name="scale")]
        with name_scope("norm"):
            made.append(Variable(np.ones((1, 1)), name="gamma"))
        optimizer = optimizers.SGD(0.1, weight_decay=1.0, **arguments)
        if not arguments:
            optimizer.exclude_from_weight_decay(var_list=made[2:3], var_names=["bia", "^norm/"])
        optimizer.apply([np.zeros(v.shape) for v in made], made)
        values = [float(np.asarray(v).ravel()[0]) for v in made]
        assert all(value == 1 or value == pytest.approx(0.9) for value in values)
        return [value < 1 for value in values]

    assert decayed() == [True, False, False, False]
    assert decayed(decay_biases_and_norms=False) == [True, False, False, False]


def test_the_default_optimizer_is_rmsprop() -> None:
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(loss="mse")
    assert type(model.optimizer) is optimizers.RMSprop
    model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 2


def test_without_an_optimizer_a_model_is_evaluated_but_not_trained() -> None:
    assert optimizers.get(None) is None
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile(optimizer=None, loss="mse")
    assert model.evaluate(np.ones((8, 2)), np.ones((8, 1)), verbose=0) >= 0
    with pytest.raises(ValueError, match="training needs an optimizer"):
        model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)


def test_a_multi_optimizer_needs_a_map() -> None:
    with pytest.raises(TypeError, match="expected an OptimizerMap or a function from a variable to an optimizer"):
        optimizers.MultiOptimizer([optimizers.SGD()])
