"""Regularizers and constraints: numbers of Keras 3.15, names, errors."""

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import constraints, regularizers

W = np.array([[3, 0.3], [4, 0.4]], np.float32)


def test_penalties() -> None:
    for regularizer, expected in (
        (regularizers.L2(0.01), 0.2525),
        (regularizers.L1(0.01), 0.077),
        (regularizers.L1L2(0.01, 0.01), 0.3295),
        (regularizers.l1_l2(l2=0.01), 0.2525),
        (regularizers.L1L2(), 0),
        (regularizers.get("l2"), 0.2525),
        (regularizers.get("l1l2"), 0.3295),
    ):
        assert float(regularizer(W)) == pytest.approx(expected, rel=1e-6)
        assert float(run_traced(regularizer, W, batched=False)) == pytest.approx(expected, rel=1e-6)


def test_gradient_of_l1_at_zero_is_zero() -> None:
    gradient = gradient_of(regularizers.L1(0.5), np.array([-2, 0, 2], np.float32))
    np.testing.assert_array_equal(gradient, [-0.5, 0, 0.5])


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.MaxNorm(1), W * np.array([1 / 5, 1])),
        (constraints.MaxNorm(1, axis=1), W / np.linalg.norm(W, axis=1, keepdims=True)),
        (constraints.UnitNorm(), W * np.array([1 / 5, 2])),
        (constraints.MinMaxNorm(1, 2), W * np.array([2 / 5, 2])),
        (constraints.MinMaxNorm(1, 2, rate=0.5), W * np.array([3.5 / 5, 1.5])),
        (constraints.NonNeg(), W),
        (constraints.max_norm(2.0), W * np.array([2 / 5, 1])),
    ],
)
def test_constraints(constraint: constraints.Constraint, expected: np.ndarray) -> None:
    np.testing.assert_allclose(constraint(W), expected, rtol=1e-6)
    np.testing.assert_allclose(run_traced(constraint, W, batched=False), expected, rtol=1e-6)


def test_constraints_on_several_axes_and_signs() -> None:
    kernel = np.ones((3, 3, 4, 2), np.float32)
    np.testing.assert_allclose(constraints.MaxNorm(1, axis=[0, 1, 2])(kernel), kernel / 6, rtol=1e-5)
    np.testing.assert_array_equal(constraints.NonNeg()(-W), np.zeros_like(W))


def test_names_and_configs() -> None:
    for module, objects in (
        (regularizers, [regularizers.L1(0.5), regularizers.L2(0.1), regularizers.L1L2(0.1, 0.2)]),
        (constraints, [constraints.MaxNorm(3), constraints.UnitNorm(1), constraints.MinMaxNorm(0.1, 0.9, 0.5, 1)]),
    ):
        for item in objects:
            twin = module.deserialize(module.serialize(item))
            assert (type(twin), twin.get_config()) == (type(item), item.get_config())
        assert module.get(None) is None
        assert module.get(len) is len
    assert isinstance(constraints.get("max_norm"), constraints.MaxNorm)
    assert isinstance(constraints.get("NonNeg"), constraints.NonNeg)
    with pytest.raises(ValueError, match="Unknown regularizer 'l3'"):
        regularizers.get("l3")
    with pytest.raises(ValueError, match=r"Unknown constraint 'maxnorm'. Did you mean .*'max_norm'"):
        constraints.get("maxnorm")
    with pytest.raises(ValueError, match="finite, non-negative `l2`, received -1"):
        regularizers.L2(-1)
