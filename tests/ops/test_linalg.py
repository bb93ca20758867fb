"""Products of matrices and tensors against NumPy, at once and traced with a free batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import Variable, ops
from ravine.ops import Trace

RNG = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


# The axis called a is the batch.
EQUATIONS = [
    ("abc,cd->abd", (4, 3, 5), (5, 2)),
    ("cd,abc->abd", (5, 2), (4, 3, 5)),
    ("abc,acd->abd", (4, 3, 5), (4, 5, 2)),
    ("abc,adc->adb", (4, 3, 5), (4, 2, 5)),
    ("abc,abd->cd", (4, 3, 5), (4, 3, 2)),
    ("ab,ac->cb", (4, 3), (4, 5)),
    ("ab,ac->abc", (4, 3), (4, 5)),
    ("abc,abc->a", (4, 3, 5), (4, 3, 5)),
    ("ab,ab->", (4, 3), (4, 3)),
    ("abc,ac->ab", (4, 3, 5), (4, 5)),
    ("abc,bc->a", (4, 3, 5), (3, 5)),
    ("ab,cb->ac", (4, 3), (6, 3)),
    ("abc,cde->abde", (4, 3, 5), (5, 2, 6)),
    ("aecd,abcd->acbe", (4, 3, 2, 5), (4, 6, 2, 5)),
    ("acbe,aecd->abcd", (4, 2, 6, 3), (4, 3, 2, 5)),
    ("...x,xy->...y", (4, 3, 5), (5, 2)),
    ("ab,bc", (4, 3), (3, 2)),
]


@pytest.mark.parametrize(("equation", "first", "second"), EQUATIONS)
def test_einsum_of_two(equation: str, first: tuple, second: tuple) -> None:
    x, y = draw(*first), draw(*second)
    expected = np.einsum(equation, x, y)
    np.testing.assert_allclose(ops.einsum(equation, x, y), expected, rtol=2e-5, atol=2e-5)
    batched = [names[:1] in ("a", ".") for names in equation.split("->")[0].split(",")]
    if all(batched):
        got = run_traced(lambda a, b: ops.einsum(equation, a, b), x, y)
    elif batched[0]:
        got = run_traced(lambda a: ops.einsum(equation, a, Variable(y)), x)
    else:
        got = run_traced(lambda b: ops.einsum(equation, Variable(x), b), y)
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)


def test_einsum_of_one_and_of_three() -> None:
    x, y, z = draw(4, 3, 5), draw(5, 2), draw(2, 6)
    for equation, operands in (("abc->ac", [x]), ("abc->cab", [x]), ("abc,cd,de->abe", [x, y, z])):
        expected = np.einsum(equation, *operands)
        np.testing.assert_allclose(ops.einsum(equation, *operands), expected, rtol=2e-5, atol=2e-5)


def test_einsum_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"axis 'c' of 'ab,bc,cd' has sizes 3 and 4"):
        ops.einsum("ab,bc,cd", draw(2, 5), draw(5, 3), draw(4, 2))
    with pytest.raises(ValueError, match="names 2 operands, received 1"):
        ops.einsum("ab,bc->ac", draw(2, 3))
    with pytest.raises(ValueError, match="axis 'a' of 'aa->a' has sizes 3 and 4"):
        ops.einsum("aa->a", draw(3, 4))
    with pytest.raises(ValueError, match=r"axis 'a' has two sizes in one operand of shape \(1, 3\)"):
        ops.einsum("aa->a", draw(1, 3))
    with pytest.raises(ValueError, match="axis 'a' of 'aa->a' has sizes None and 3"):
        run_traced(lambda x: ops.einsum("aa->a", x), draw(3, 3))
    with pytest.raises(ValueError, match="names an axis that no operand has"):
        ops.einsum("ab->ac", draw(3, 3))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((4, 3, 5), (4, 5, 2)),
        ((4, 2, 3, 5), (4, 1, 5, 6)),
        ((4, 3, 5), (5,)),
        ((4, 3, 5), (5, 2)),
        ((4, 1, 3), (4, 3, 1)),
    ],
)
def test_matmul_with_the_batch_in_front(first: tuple, second: tuple) -> None:
    x, y = draw(*first), draw(*second)
    both = len(second) > 2
    traced = run_traced(ops.matmul, x, y) if both else run_traced(lambda a: ops.matmul(a, Variable(y)), x)
    for got in (traced, ops.matmul(x, y)):
        np.testing.assert_allclose(got, x @ y, rtol=2e-5, atol=2e-5)


def test_a_matrix_times_a_batch_of_matrices() -> None:
    x, y = draw(3, 5), draw(4, 5, 2)
    np.testing.assert_allclose(run_traced(lambda b: ops.matmul(x, b), y), x @ y, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(ops.matmul(draw(5) * 0 + 1, y), y.sum(axis=1), rtol=2e-5, atol=2e-5)


def test_matmul_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"received shapes \(4, 3\) and \(4, 2\)"):
        ops.matmul(draw(4, 3), draw(4, 2))
    with pytest.raises(ValueError, match="do not broadcast together"):
        ops.matmul(draw(4, 3, 5), draw(2, 5, 3))


def test_gradients_of_batched_products() -> None:
    x, y, weights = draw(4, 3, 5), draw(4, 5, 2), draw(4, 3, 2)
    gradient = gradient_of(lambda a: ops.matmul(a, y) * weights, x)
    np.testing.assert_allclose(gradient, weights @ y.transpose(0, 2, 1), rtol=2e-5, atol=2e-5)
    gradient = gradient_of(lambda b: ops.einsum("abc,acd->abd", x, b) * weights, y)
    np.testing.assert_allclose(gradient, x.transpose(0, 2, 1) @ weights, rtol=2e-5, atol=2e-5)


FIXED: dict[str, tuple[Callable, Callable, list[Any]]] = {
    "tensordot": (lambda x, y: ops.tensordot(x, y, 2), lambda x, y: np.tensordot(x, y, 2), [(4, 3, 5), (3, 5, 2)]),
    "tensordot of lists": (
        lambda x, y: ops.tensordot(x, y, [[2, 0], [0, 1]]),
        lambda x, y: np.tensordot(x, y, [[2, 0], [0, 1]]),
        [(4, 3, 5), (5, 4, 2)],
    ),
    "inner": (ops.inner, np.inner, [(4, 3, 5), (2, 5)]),
    "outer": (ops.outer, np.outer, [(4,), (3,)]),
    "vdot": (ops.vdot, np.vdot, [(4, 2), (4, 2)]),
    "dot": (ops.dot, np.dot, [(4, 3, 5), (2, 5, 6)]),
    "dot of vectors": (ops.dot, np.dot, [(5,), (5,)]),
    "diag of a vector": (lambda x: ops.diag(x, -2), lambda x: np.diag(x, -2), [(4,)]),
    "diag of a matrix": (lambda x: ops.diag(x, 1), lambda x: np.diag(x, 1), [(4, 6)]),
}


@pytest.mark.parametrize("name", FIXED)
def test_of_fixed_shape(name: str) -> None:
    op, reference, operands = FIXED[name]
    values = [draw(*shape) for shape in operands]
    for got in (op(*values), run_traced(op, *values, batched=False)):
        np.testing.assert_allclose(got, reference(*values), rtol=2e-5, atol=2e-5)


BATCHED: dict[str, tuple[Callable, Callable]] = {
    "tril": (lambda x: ops.tril(x, 1), lambda x: np.tril(x, 1)),
    "triu": (ops.triu, np.triu),
    "diagonal": (lambda x: ops.diagonal(x, 1, 1, 2), lambda x: np.diagonal(x, 1, 1, 2)),
    "diagonal below": (lambda x: ops.diagonal(x, -1, -2, -1), lambda x: np.diagonal(x, -1, -2, -1)),
    "no diagonal": (lambda x: ops.diagonal(x, 9, 1, 2), lambda x: np.diagonal(x, 9, 1, 2)),
}


@pytest.mark.parametrize("name", BATCHED)
def test_of_matrices_in_a_batch(name: str) -> None:
    op, reference = BATCHED[name]
    x = draw(4, 3, 5)
    for got in (op(x), run_traced(op, x)):
        np.testing.assert_array_equal(got, reference(x))


def test_the_batch_is_no_axis_of_a_matrix() -> None:
    with Trace() as trace:
        x = trace.input("x", (None, 3))
        for wrong in (lambda: ops.tril(x), lambda: ops.diagonal(x), lambda: ops.diag(trace.input("y", (None,)))):
            with pytest.raises(ValueError, match=r"fixed"):
                wrong()
