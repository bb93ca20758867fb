"""Every optimizer against Keras: 20 steps with several variables, the same slots in the same order, the same names."""

from types import ModuleType

import numpy as np
import pytest

import ravine
from ravine.ops import Trace

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(3)
SHAPES = {"first/kernel": (5, 7), "first/bias": (7,), "second/kernel": (5, 7)}
START = {path: RNG.normal(0, 0.5, shape).astype(np.float32) for path, shape in SHAPES.items()}
STEPS = 20
GRADIENTS = [[RNG.normal(0, 0.3, shape).astype(np.float32) for shape in SHAPES.values()] for _ in range(STEPS)]

# class, arguments
CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.2, "loss_scale_factor": 4.0}),
    ("SGD", {"global_clipnorm": 0.7, "use_ema": True, "ema_momentum": 0.8}),
    ("SGD", {"momentum": 0.9, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}),
    ("SGD", {"momentum": 0.9, "gradient_accumulation_steps": 3}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"global_clipnorm": 0.5, "weight_decay": 0.1}),
    ("RMSprop", {"gradient_accumulation_steps": 2, "use_ema": True}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-2, "clipvalue": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.8, "epsilon": 1e-4, "clipnorm": 0.3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "clipnorm": 0.5, "use_ema": True}),
    ("Adam", {"gradient_accumulation_steps": 4}),
    ("Adam", {"gradient_accumulation_steps": 2, "amsgrad": True, "weight_decay": 0.1, "global_clipnorm": 0.4}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True}),
    ("Adamax", {}),
    ("Adamax", {"gradient_accumulation_steps": 3, "beta_1": 0.7}),
    ("Nadam", {}),
    ("Nadam", {"gradient_accumulation_steps": 3}),
    ("Nadam", {"weight_decay": 0.1, "clipvalue": 0.2}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.8, "beta_2": 0.9, "weight_decay": 0.1}),
    ("Lamb", {}),
    ("Lamb", {"weight_decay": 0.1, "gradient_accumulation_steps": 2}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1, "beta": 0.2}),
    ("Ftrl", {"learning_rate_power": -0.3, "l2_shrinkage_regularization_strength": 0.1}),
    ("Adafactor", {}),
    ("Adafactor", {"clip_threshold": 0.5, "beta_2_decay": -0.5, "epsilon_2": 0.1, "gradient_accumulation_steps": 2}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 2, "exclude_layers": ["second"], "adam_lr_ratio": 0.1}),
    ("Muon", {"weight_decay": None, "adam_weight_decay": 0.5}),
    ("Muon", {"weight_decay": 0.5, "adam_weight_decay": None}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 5, "weight_decay": 0.1}),
]
NAMES = """
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer Muon Nadam Optimizer
    OptimizerMap RMSprop SGD ScheduleFreeAdamW deserialize get legacy schedules serialize
"""
WITHOUT_CASE = {
    "LossScaleOptimizer": "test_loss_scale_optimizer",
    "MultiOptimizer": "test_multi_optimizer",
    "Optimizer": "the base class",
    "OptimizerMap": "test_multi_optimizer",
}


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def variables(library: ModuleType) -> list:
    made = []
    for path, values in START.items():
        scope, name = path.split("/")
        with library.name_scope(scope) if hasattr(library, "name_scope") else ravine.variable.name_scope(scope):
            made.append(library.Variable(values, name=name))
    return made


def compiled(optimizer, weights: list):
    """A step of Keras, which compiles every conditional anew when it is not compiled as a whole."""
    jax = pytest.importorskip("jax")
    optimizer.build(weights)
    apply = jax.jit(optimizer.stateless_apply)

    def step(gradients: list[np.ndarray]) -> None:
        state = [v.value for v in optimizer.variables], gradients, [w.value for w in weights]
        for variables, values in zip((weights, optimizer.variables), apply(*state), strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    return step


def run(library: ModuleType, optimizer, traced: bool = False, gradients: list | None = None) -> tuple[list, list]:
    """The weights after every step and at the end, and the optimizer's variables."""
    weights, seen, step = variables(library), [], None
    if traced:
        with Trace() as trace:
            inputs = [trace.input(f"g{i}", g.shape) for i, g in enumerate(GRADIENTS[0])]
            optimizer.apply(inputs, weights)
        step = trace.program(inputs, []).run
    elif library is not ravine and (optimizer.gradient_accumulation_steps or gradients is not None):
        step = compiled(optimizer, weights)
    for given in GRADIENTS if gradients is None else gradients:
        if step is None:
            optimizer.apply([library.ops.convert_to_tensor(g) for g in given], weights)
        else:
            step(given)
        seen.append([np.array(w) for w in weights])
    optimizer.finalize_variable_values(weights)
    seen.append([np.array(w) for w in weights])
    return seen, [np.array(v) for v in optimizer.variables]


def assert_same(ours: tuple[list, list], theirs: tuple[list, list], what: str) -> None:
    for step, (own, expected) in enumerate(zip(ours[0], theirs[0], strict=True)):
        for path, a, b in zip(SHAPES, own, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"{what}: {path} after step {step}")
    for index, (a, b) in enumerate(zip(ours[1], theirs[1], strict=True)):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"{what}: variable {index}")


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_twenty_steps(keras: ModuleType, name: str, arguments: dict) -> None:
    def make(library: ModuleType):
        given = {"learning_rate": 0.05, **arguments}
        return getattr(library.optimizers, name)(**given, name="it")

    expected = run(keras, theirs := make(keras))
    for traced in (False, True):
        assert_same(run(ravine, ours := make(ravine), traced), expected, f"traced: {traced}")
        if name != "Adafactor":  # whose rows and columns have the names of the variables
            assert [v.path for v in ours.variables][: len(expected[1]) - (name == "Nadam")] == [
                v.path for v in theirs.variables
            ][: len(expected[1]) - (name == "Nadam")]
    assert ours.get_config() == theirs.get_config()
    load = keras.optimizers.deserialize if name != "Lamb" else keras.saving.deserialize_keras_object
    mirrored = load(ravine.optimizers.serialize(ours))
    assert (type(mirrored), mirrored.get_config()) == (type(theirs), theirs.get_config())
    twin = ravine.optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert (type(twin), twin.get_config()) == (type(ours), ours.get_config())


def test_every_name_of_keras_is_here(keras: ModuleType) -> None:
    theirs = {name for name in dir(keras.optimizers) if not name.startswith("_")}
    assert theirs == set(NAMES.split()) == set(ravine.optimizers.__all__)
    classes = {name for name in theirs if name[0].isupper()}
    assert {name for name, _ in CASES} == classes - set(WITHOUT_CASE)
    for name in classes - set(WITHOUT_CASE):
        ours, twin = getattr(ravine.optimizers, name)(name="it"), getattr(keras.optimizers, name)(name="it")
        assert ours.get_config() == twin.get_config()
        assert type(ravine.optimizers.get(name.lower())).__name__ == name
        if name != "Lamb":  # which Keras does not find by its name
            assert type(keras.optimizers.get(name.lower())).__name__ == name
    theirs = {name for name in dir(keras.optimizers.legacy) if not name.startswith("_")}
    assert theirs == {
        name for name in dir(ravine.optimizers.legacy) if name[0].isupper() and name not in ("Any", "NoReturn")
    }


@pytest.mark.parametrize("schedule", [True, False])
def test_schedules_and_averages(keras: ModuleType, schedule: bool) -> None:
    """With a schedule there is no variable for the learning rate; the averages come before the slots."""

    def make(library: ModuleType):
        rate = library.optimizers.schedules.CosineDecay(0.02, 15, 0.1, warmup_target=0.1, warmup_steps=4)
        return library.optimizers.Adam(rate if schedule else 0.1, use_ema=True, weight_decay=0.1, name="it")

    expected = run(keras, theirs := make(keras))
    for traced in (False, True):
        assert_same(run(ravine, ours := make(ravine), traced), expected, f"traced: {traced}")
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert ours.get_config() == theirs.get_config()
    mirrored = keras.optimizers.deserialize(ravine.optimizers.serialize(ours))
    assert mirrored.get_config() == theirs.get_config()


@pytest.mark.parametrize("traced", [False, True])
def test_loss_scale_optimizer(keras: ModuleType, traced: bool) -> None:
    gradients = [[g * 64 for g in step] for step in GRADIENTS]
    for step in (3, 4, 11):
        gradients[step] = [np.full_like(g, np.inf) if i == 1 else g for i, g in enumerate(gradients[step])]

    def make(library: ModuleType):
        return library.optimizers.LossScaleOptimizer(
            library.optimizers.Adam(0.05, name="inner"), initial_scale=64.0, dynamic_growth_steps=4, name="it"
        )

    expected = run(keras, theirs := make(keras), gradients=gradients)
    assert_same(run(ravine, ours := make(ravine), traced, gradients), expected, "loss scale")
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert ours.get_config() == theirs.get_config()
    assert int(ours.iterations) == 17
    assert float(ours.scale_loss(2.0)) == 2 * float(ours.dynamic_scale) == float(theirs.scale_loss(2.0))
    mirrored = keras.optimizers.deserialize(ravine.optimizers.serialize(ours))
    assert mirrored.get_config() == ours.get_config()
    twin = ravine.optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert twin.get_config() == theirs.get_config()


@pytest.mark.parametrize("traced", [False, True])
def test_multi_optimizer(keras: ModuleType, traced: bool) -> None:
    def make(library: ModuleType):
        optimizers = library.optimizers
        chosen = {"first/.*": optimizers.SGD(0.1, momentum=0.9, name="a"), "second/kernel": optimizers.Lion(name="b")}
        return optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.Adam(name="c"), chosen), 2.0, name="it")

    expected = run(keras, theirs := make(keras))
    assert_same(run(ravine, ours := make(ravine), traced), expected, "multi")
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert ours.get_config() == theirs.get_config()
    mirrored = keras.optimizers.deserialize(ravine.optimizers.serialize(ours))
    assert mirrored.get_config() == ours.get_config()
    twin = ravine.optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert twin.get_config() == theirs.get_config()
    assert ours.learning_rate_logs() == {
        "learning_rate_a": pytest.approx(0.1),
        "learning_rate_b": pytest.approx(0.001),
        "learning_rate_c": pytest.approx(0.001),
    }
    with pytest.raises(AttributeError, match="`optimizers` have one each"):
        ours.learning_rate  # noqa: B018


@pytest.mark.parametrize("case", ["accumulation", "averages", "schedule"])
def test_fit(keras: ModuleType, case: str) -> None:
    """Whole epochs with regularizers, constraints and a short last batch."""
    x = RNG.normal(size=(44, 5)).astype(np.float32)
    y = np.stack([x[:, 0] - x[:, 1], x[:, 2]], 1)

    def train(library: ModuleType, weights: list | None) -> tuple[list, list, dict]:
        layers, schedules = library.layers, library.optimizers.schedules
        optimizer = {
            "accumulation": lambda: library.optimizers.Adam(
                schedules.ExponentialDecay(0.02, 2, 0.9), gradient_accumulation_steps=3, clipnorm=0.5
            ),
            "averages": lambda: library.optimizers.RMSprop(
                0.01, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=4, weight_decay=0.1
            ),
            "schedule": lambda: library.optimizers.SGD(
                schedules.CosineDecayRestarts(0.1, 5), momentum=0.9, nesterov=True, global_clipnorm=0.5
            ),
        }[case]()
        model = library.Sequential(
            [
                layers.Input((5,)),
                layers.Dense(6, "tanh", kernel_regularizer="l2", kernel_constraint=library.constraints.MaxNorm(0.9)),
                layers.Dense(2),
            ]
        )
        if weights is not None:
            model.set_weights(weights)
        start = [w.copy() for w in model.get_weights()]
        model.compile(optimizer, loss="mse")
        history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        return start, model.get_weights(), history.history

    start, expected, theirs = train(keras, None)
    _, weights, ours = train(ravine, start)
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-4)
    for a, b in zip(weights, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("direction", ["from Keras", "to Keras"])
@pytest.mark.parametrize("name", ["RMSprop", "Nadam", "Adam"])
def test_training_goes_on_from_the_file_of_the_other(keras: ModuleType, tmp_path, name: str, direction: str) -> None:
    x = RNG.normal(size=(32, 4)).astype(np.float32)
    y = x[:, :1] - x[:, 1:2]
    ours, theirs = (ravine, keras) if direction == "to Keras" else (keras, ravine)
    rate = ours.optimizers.schedules.CosineDecay(0.02, 50) if name == "Adam" else 0.02
    model = ours.Sequential([ours.layers.Input((4,)), ours.layers.Dense(6, "tanh"), ours.layers.Dense(1)])
    model.compile(getattr(ours.optimizers, name)(rate), "mse")
    model.fit(x, y, epochs=2, shuffle=False, verbose=0, batch_size=8)
    model.save(tmp_path / "model.keras")
    twin = theirs.models.load_model(tmp_path / "model.keras")
    losses = [m.fit(x, y, epochs=2, shuffle=False, verbose=0, batch_size=8).history["loss"] for m in (model, twin)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert int(twin.optimizer.iterations) == int(model.optimizer.iterations) == 16
