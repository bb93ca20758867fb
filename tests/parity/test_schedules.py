"""Every schedule against Keras, at every step; OneCycle against PyTorch's."""

from types import ModuleType

import numpy as np
import pytest

import ravine
from ravine.optimizers import schedules

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

STEPS = np.arange(130)
# class, arguments
CASES = [
    ("ExponentialDecay", (0.1, 10, 0.5)),
    ("ExponentialDecay", (0.1, 10, 0.5, True)),
    ("ExponentialDecay", (0.01, 20_000, 0.1)),
    ("InverseTimeDecay", (0.1, 10, 1)),
    ("InverseTimeDecay", (0.1, 7, 0.3, True)),
    ("InverseTimeDecay", (0.01, 10_000, 1.0)),
    ("PiecewiseConstantDecay", ([10, 20], [1.0, 0.5, 0.1])),
    ("PiecewiseConstantDecay", ([30.5], [0.01, 0.001])),
    ("PolynomialDecay", (0.1, 10, 0.01, 2.0)),
    ("PolynomialDecay", (0.1, 10, 0.01, 1.0, True)),
    ("PolynomialDecay", (0.1, 50)),
    ("CosineDecay", (0.1, 10, 0.1)),
    ("CosineDecay", (0.0, 10, 0.0, "CosineDecay", 0.1, 5)),
    ("CosineDecay", (0.02, 100, 0.2, "CosineDecay", 0.1, 0)),
    ("CosineDecayRestarts", (0.1, 10)),
    ("CosineDecayRestarts", (0.1, 10, 2.0, 0.5)),
    ("CosineDecayRestarts", (0.1, 8, 1.0, 0.9, 0.1)),
    ("CosineDecayRestarts", (0.1, 11, 1.5, 1.0)),
]
NOT_IN_KERAS = {"Chain", "Demon", "Interpolation", "OneCycle", "PowerDecay", "Warmup"}


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def by_the_engine(schedule: schedules.LearningRateSchedule, steps: int) -> list[float]:
    """The rate in each of the first steps of a traced program."""
    optimizer = ravine.optimizers.SGD(schedule)
    with ravine.ops.Trace() as trace:
        rate = optimizer.learning_rate
        optimizer.iterations.assign_add(1)
    program = trace.program([], [rate])
    return [float(program.run([])[0]) for _ in range(steps)]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_values_and_configurations(keras: ModuleType, name: str, arguments: tuple) -> None:
    import jax

    theirs = getattr(keras.optimizers.schedules, name)(*arguments)
    ours = getattr(schedules, name)(*arguments)
    expected = np.asarray(jax.jit(jax.vmap(theirs))(STEPS))
    np.testing.assert_allclose(ours(STEPS), expected, rtol=2e-6, atol=2e-8)
    np.testing.assert_allclose([float(ours(int(step))) for step in STEPS[::13]], expected[::13], rtol=2e-6, atol=2e-8)
    np.testing.assert_allclose(by_the_engine(ours, len(STEPS)), expected, rtol=2e-6, atol=2e-8)
    assert ours.get_config() == theirs.get_config()
    mirrored = keras.optimizers.schedules.deserialize(schedules.serialize(ours))
    assert type(mirrored).__name__ == name
    assert schedules.deserialize(keras.optimizers.schedules.serialize(theirs)).get_config() == theirs.get_config()


def test_every_schedule_of_keras_is_here(keras: ModuleType) -> None:
    theirs = {name for name in dir(keras.optimizers.schedules) if not name.startswith("_")}
    assert theirs == set(schedules.__all__) - NOT_IN_KERAS
    assert {name for name, _ in CASES} == theirs - {"LearningRateSchedule", "deserialize", "serialize"}


@pytest.mark.parametrize("momentum", [False, True])
@pytest.mark.parametrize("three_phases", [False, True])
@pytest.mark.parametrize("anneal", ["linear", "cosine"])
def test_one_cycle_of_pytorch(anneal: str, three_phases: bool, momentum: bool) -> None:
    torch = pytest.importorskip("torch")
    total, share, top = 41, 0.3, 0.1
    weight = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.SGD([weight], lr=1.0, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        theirs,
        top,
        total,
        pct_start=share,
        anneal_strategy={"linear": "linear", "cosine": "cos"}[anneal],
        three_phase=three_phases,
    )
    expected = []
    for _ in range(total):
        expected.append(theirs.param_groups[0]["momentum" if momentum else "lr"])
        theirs.step()
        if len(expected) < total:
            scheduler.step()
    rise = share * total - 1
    if three_phases:  # two of them equally long, in PyTorch's count
        steps = [0, rise, 2 * rise, total - 1]
        values = [0.95, 0.85, 0.95, 0.95] if momentum else [top / 25, top, top / 25, top / 25e4]
        ours = schedules.Interpolation(steps, values, anneal)
    else:
        cycle = schedules.OneCycle(top, total - 1, top / 25, 0, top / 25e4, rise, anneal)
        ours = cycle.momentum if momentum else cycle
    np.testing.assert_allclose(by_the_engine(ours, total), expected, rtol=1e-5, atol=1e-8)
