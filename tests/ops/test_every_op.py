"""Whoever adds an op adds a case and a reference."""

from cases import CASES
from references import REFERENCES

from ravine import _core


def test_every_op_has_cases() -> None:
    assert set(CASES) == set(_core.op_names())


def test_every_op_has_a_reference() -> None:
    assert set(REFERENCES) == set(_core.op_names())


def test_every_differentiable_op_has_its_gradient_tested() -> None:
    for name, cases in CASES.items():
        assert not name.endswith("_grad") or name.removesuffix("_grad") in CASES
        assert all(set(case.differentiable) < set(range(len(case.operands) + 1)) for case in cases)
