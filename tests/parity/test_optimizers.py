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
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 5, "weight_decay": 0.1}),
]
NOT_HERE: dict[str, str] = {}
KERAS_NAMES = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "SGD",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]


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


def run(library: ModuleType, name: str, arguments: dict, traced: bool = False) -> tuple[list, list[list[np.ndarray]]]:
    """Slots as (name, shape), and the weights after every step."""
    weights = variables(library)
    optimizer = getattr(library.optimizers, name)(learning_rate=arguments.get("learning_rate", 0.05), **arguments)
    seen = []
    step = None
    if traced:
        with Trace() as trace:
            inputs = [trace.input(f"g{i}", g.shape) for i, g in enumerate(GRADIENTS[0])]
            optimizer.apply(inputs, weights)
        step = trace.program(inputs, []).run
    elif library is not ravine and optimizer.gradient_accumulation_steps:
        step = compiled(optimizer, weights)
    for gradients in GRADIENTS:
        if step is None:
            optimizer.apply([library.ops.convert_to_tensor(g) for g in gradients], weights)
        else:
            step(gradients)
        seen.append([np.array(w) for w in weights])
    optimizer.finalize_variable_values(weights)
    seen.append([np.array(w) for w in weights])
    slots = [(v.path.split("/")[-1], tuple(v.shape)) for v in optimizer.variables]
    return slots, seen, [np.array(v) for v in optimizer.variables]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_twenty_steps(keras: ModuleType, name: str, arguments: dict) -> None:
    slots, expected, state = run(keras, name, arguments)
    for traced in (False, True):
        own_slots, seen, own_state = run(ravine, name, arguments, traced)
        assert [shape for _, shape in own_slots] == [shape for _, shape in slots]
        for step, (ours, theirs) in enumerate(zip(seen, expected, strict=True)):
            for path, a, b in zip(SHAPES, ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"{path}, step {step}, traced {traced}")
        for (slot, _), a, b in zip(slots, own_state, state, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=f"{slot}, traced {traced}")
