"""Schedules: their values at chosen steps, those that Keras does not have, errors."""

import numpy as np
import pytest

from ravine.optimizers import schedules as s

# schedule -> values by step
VALUES = [
    (s.ExponentialDecay(0.1, 10, 0.5, True), {0: 0.1, 9: 0.1, 10: 0.05, 19: 0.05, 20: 0.025, 30: 0.0125}),
    (s.ExponentialDecay(0.01, 20_000, 0.1), {1: 0.00999885, 10: 0.00998849}),
    (s.InverseTimeDecay(0.1, 10, 1, True), {0: 0.1, 10: 0.05, 20: 0.0333333, 30: 0.025}),
    (s.InverseTimeDecay(0.01, 10_000, 1), {10: 0.00999001}),
    (s.PowerDecay(0.01, 10_000), {10: 0.00999001}),
    (s.PowerDecay(0.1, 10, 2.0, 3.0), {0: 0.1, 5: 0.1 / 2.5**2, 10: 0.1 / 16}),
    (s.PiecewiseConstantDecay([10, 20], [1, 0.5, 0.1]), {0: 1, 10: 1.0, 11: 0.5, 20: 0.5, 21: 0.1, 500: 0.1}),
    (s.PiecewiseConstantDecay([], [0.5]), {0: 0.5, 7: 0.5}),
    (s.PolynomialDecay(0.1, 10, 0.01, 2), {1: 0.0829, 5: 0.0325, 9: 0.0109, 10: 0.01, 99: 0.01}),
    (s.PolynomialDecay(0.1, 10, 0.01, cycle=True), {10: 0.01, 11: 0.0505, 15: 0.0325, 20: 0.01, 21: 0.037}),
    (s.CosineDecay(0.1, 10, 0.1), {1: 0.09779754, 5: 0.055, 9: 0.01220246, 10: 0.01, 50: 0.01}),
    (
        s.CosineDecay(0, 10, warmup_target=0.1, warmup_steps=5),
        {0: 0, 1: 0.02, 5: 0.1, 9: 0.06545085, 10: 0.05, 11: 0.03454914, 15: 0, 16: 0},
    ),
    (
        s.CosineDecayRestarts(0.1, 10, m_mul=0.5),
        {9: 0.00244718, 10: 0.05, 15: 0.04267767, 20: 0.025, 25: 0.00732233, 30: 0.025},
    ),
    (
        s.OneCycle(0.1, 10750),
        {
            0: 0.01, 2418: 0.05499070, 4837: 0.1, 7000: 0.05975398, 9674: 0.01, 10000: 0.00697329, 10749: 0.0000192844,
            10750: 0.00001, 99999: 0.00001,
        },
    ),
    (s.OneCycle(0.1, 10750).momentum, {0: 0.95, 4837: 0.85, 9674: 0.95, 10000: 0.95}),
    (s.OneCycle(0.5, 9, last_iterations=3), {0: 0.05, 3: 0.5, 6: 0.05, 9: 0.00005}),
    (s.OneCycle(1.0, 10, 0.1, 0, 0.0, 4), {0: 0.1, 2: 0.55, 4: 1.0, 7: 0.5, 10: 0.0}),
    (s.Interpolation([0, 2, 2, 4], [1, 3, 5, 9]), {0: 1, 1: 2, 2: 5, 3: 7, 4: 9, 5: 9}),
    (s.Interpolation([2, 6], [1.0, 0.0], "cosine"), {0: 1, 2: 1, 3: 0.8535534, 4: 0.5, 6: 0}),
    (s.Warmup(0.1, 4), {0: 0, 1: 0.025, 3: 0.075, 4: 0.1, 9: 0.1}),
    (s.Warmup(s.ExponentialDecay(0.1, 1, 0.5), 2, 0.02), {0: 0.02, 1: 0.06, 2: 0.1, 3: 0.05, 4: 0.025}),
    (
        s.Chain([s.Warmup(0.1, 2), s.ExponentialDecay(0.1, 1, 0.5), 0.001], [3, 5]),
        {0: 0, 1: 0.05, 2: 0.1, 3: 0.1, 4: 0.05, 5: 0.001, 6: 0.001},
    ),
    (s.Demon(0.9, 10), {0: 0.9, 5: 0.45 / 0.55, 10: 0, 11: 0}),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "values"), VALUES, ids=lambda x: repr(x) if hasattr(x, "get_config") else "")
def test_values(schedule: s.LearningRateSchedule, values: dict[int, float]) -> None:
    for step, expected in values.items():
        assert float(schedule(step)) == pytest.approx(expected, rel=4e-6, abs=1e-9)
        assert np.asarray(schedule(step)).dtype == np.float32
    steps = np.array(list(values))
    np.testing.assert_allclose(schedule(steps), list(values.values()), rtol=4e-6, atol=1e-9)
    twin = s.deserialize(s.serialize(schedule))
    assert (type(twin), twin.get_config()) == (type(schedule), schedule.get_config())
    np.testing.assert_array_equal(twin(steps), schedule(steps))


def test_restarts_come_on_time() -> None:
    """A rounding error in a logarithm must not turn the first step after a restart into the last one before it."""
    for first, t_mul in ((10, 2), (7, 2), (1, 3), (4, 1.5), (1000, 1)):
        begin, length, schedule = 0, first, s.CosineDecayRestarts(1.0, first, t_mul)
        while begin < 10_000 and length == int(length):
            assert float(schedule(int(begin))) > 0.99
            begin, length = begin + length, length * t_mul
        assert begin > first


def test_warmup_steps_without_a_target_are_not_ignored_in_silence() -> None:
    with pytest.warns(UserWarning, match="`warmup_steps` has no effect without `warmup_target`"):
        schedule = s.CosineDecay(0.1, 10, warmup_steps=5)
    assert float(schedule(5)) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.ExponentialDecay(0.1, 0, 0.5), "ExponentialDecay: expected `decay_steps` to be above 0, received 0"),
        (lambda: s.CosineDecay(0.1, -1), "`decay_steps` to be above 0"),
        (lambda: s.CosineDecayRestarts(0.1, 0), "`first_decay_steps` to be above 0"),
        (lambda: s.PolynomialDecay(0.1, 0), "`decay_steps` to be above 0"),
        (lambda: s.PiecewiseConstantDecay([1], [1.0]), "expected one value more than boundaries"),
        (lambda: s.Warmup(0.1, 0), "`warmup_steps` to be above 0"),
        (lambda: s.Chain([0.1, 0.2], []), "expected one boundary less than schedules"),
        (lambda: s.Chain([0.1, 0.2, 0.3], [5, 5]), "expected boundaries above 0 in rising order"),
        (lambda: s.Interpolation([0], [1.0]), "expected as many values as steps, 2 or more"),
        (lambda: s.Interpolation([3, 0], [1.0, 0.0]), "expected steps in rising order"),
        (lambda: s.Interpolation([0, 3], [1.0, 0.0], "cubic"), "'linear' or 'cosine', received 'cubic'"),
        (lambda: s.OneCycle(0.1, 1), "of 1 iterations 0 to the top and 1 at the end leave none"),
        (lambda: s.Demon(1.0, 5), "`initial_momentum` to be at least 0 and below 1"),
    ],
)
def test_errors(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
    with pytest.raises(NotImplementedError, match=r"__call__\(step\) is not implemented"):
        s.LearningRateSchedule()(0)
