"""Errors say where, what was expected and what came."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import CLASSES, network

from ravine import _core


def added(op: str, *shapes: tuple[int | None, ...], label: str = "", **attrs: Any) -> list[int]:
    graph = _core.Graph()
    return graph.add(op, [graph.input("x", shape) for shape in shapes], attrs, label)


SHAPES = [
    ("add", [(None, 3), (None, 4)], {}, r"shapes do not broadcast together: \(None, 3\) \(None, 4\)\."),
    ("add", [(None, 3), (5, None)], {}, "None"),
    ("add", [(None, 3)], {}, "expected 2 inputs, received 1"),
    ("matmul", [(None, 3), (4, 5)], {}, r"cannot multiply \(None, 3\) by \(4, 5\): the inner dimensions differ"),
    ("matmul", [(None, 3), (4,)], {}, "must be a matrix"),
    ("matmul", [(None,), (1, 4)], {}, "rank 2 or more"),
    ("matmul", [(None, 3), (None, 4)], {}, "without a batch"),
    ("matmul", [(None, 2, 3), (None, 4)], {"transpose_a": 1}, "same leading dimensions"),
    ("matmul", [(None, 3), (3, 4), (5,)], {}, r"expected a bias of shape \(4,\), received \(5,\)"),
    ("reshape", [(None, 6)], {"shape": [None, 4]}, r"cannot reshape \(None, 6\) to \(None, 4\)"),
    ("reshape", [(None, 6)], {"shape": [6]}, "cannot reshape"),
    ("reshape", [(None, 6)], {}, "missing attribute 'shape'"),
    ("broadcast_to", [(None, 6)], {"shape": [None, 7]}, "broadcast"),
    ("transpose", [(None, 2, 3)], {"perm": [1, 0, 2]}, "batch axis must stay in front"),
    ("transpose", [(2, 3)], {"perm": [0, 0]}, "each of the 2 axes once"),
    ("sum", [(None, 2, 3)], {"axes": [0, 2]}, "ascending neighbours"),
    ("sum", [(None, 2)], {"axes": [2]}, "axis 2 is out of range for rank 2"),
    ("softmax", [()], {}, "needs an axis"),
    ("softmax_crossentropy", [(None, 5), (None, 4)], {"sparse": 0}, r"expected targets of shape \(None, 5\)"),
    ("softmax_crossentropy", [(None, 5), (None, 1)], {"sparse": 1}, r"expected targets of shape \(None,\)"),
    ("batch_norm", [(None, 5), (4,), (5,)], {"epsilon": 0.1}, r"expected gamma and beta of shape \(5,\)"),
    ("batch_size", [(3, 5)], {}, "expected a batch"),
    ("sgd", [(3,), (4,), ()], {}, r"expected shape \(3,\), received \(4,\)"),
    ("sgd", [(3,), (3,)], {}, "expected 3 inputs, received 2"),
    ("assign", [(3,)], {}, "expected 2 inputs, received 1"),
    ("sgd_momentum", [(3,), (3,), (), (), ()], {}, r"expected shape \(3,\), received \(\)"),
    ("adam", [(3,), (3,), (3,), (), (), ()], {"beta_2": 0.9, "epsilon": 0.1}, r"received \(\)"),
    ("softmax_grad", [(None, 3), (None, 4)], {}, r"expected a gradient of shape \(None, 3\)"),
    ("log_softmax_grad", [(None,), (None,)], {}, "needs an axis"),
    ("softmax_crossentropy_grad", [(None, 3), (None,), (None, 1)], {"sparse": 1}, r"a gradient of shape \(None,\)"),
    ("batch_norm_grad", [(None, 3), (3,), (2,), (None, 3), (3,)], {"epsilon": 0.1}, r"of shape \(3,\)"),
    ("one_hot", [(None,)], {"classes": 0}, "expected 1 class or more, received 0"),
    ("spread", [(None,)], {"shape": [None, 3], "axes": [0], "mean": 0}, "cannot spread"),
    ("affine", [(None,)], {"scale": 1.0}, "missing attribute 'offset'"),
    ("increment", [()], {}, "must be int64"),
    ("accumulate", [(), ()], {}, "must be float64"),
    ("dropout", [(None, 3), ()], {"rate": 0.5, "seed": 1}, "must be int64"),
    ("leaky_relu", [(None, 3)], {"negative_slope": "steep"}, "'negative_slope' must be a number"),
]


@pytest.mark.parametrize(("op", "shapes", "attrs", "text"), SHAPES)
def test_operands_that_do_not_fit(op: str, shapes: list[Any], attrs: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        added(op, *shapes, **attrs)
    with pytest.raises(ValueError, match=r"^(Dense 'fc1': |only the first dimension)"):
        added(op, *shapes, label="Dense 'fc1'", **attrs)


def test_dropout_rate() -> None:
    graph = _core.Graph()
    counter = graph.variable(_core.Variable(np.array(0, np.int64), "n"))
    with pytest.raises(ValueError, match=r"expected a rate in \[0, 1\], received 1\.5"):
        graph.add("dropout", [graph.input("x", (None,)), counter], {"rate": 1.5, "seed": 0})


@pytest.mark.parametrize(("wrong", "right"), [("sofmax", "softmax"), ("matmull", "matmul"), ("Softmax", "softmax")])
def test_unknown_op(wrong: str, right: str) -> None:
    for call in (lambda: added(wrong, (None, 3)), lambda: _core.eager(wrong, [np.zeros(3, np.float32)])):
        with pytest.raises(ValueError, match=f"unknown op '{wrong}'; did you mean '{right}'"):
            call()


def test_values_that_do_not_exist() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 3))
    for wrong in (99, -1):
        with pytest.raises(ValueError, match="exp: an input is missing or unknown"):
            graph.add("exp", [wrong])
        with pytest.raises((ValueError, IndexError)):
            graph.gradients(wrong, [x])
        with pytest.raises((ValueError, IndexError)):
            graph.shape(wrong)
        with pytest.raises(ValueError, match="no float32 value"):
            _core.Program(graph, [x], [wrong])
        with pytest.raises(ValueError, match="no input of the graph"):
            _core.Program(graph, [wrong], [x])


def test_an_input_that_is_read_but_not_fed() -> None:
    graph = _core.Graph()
    x, y = graph.input("x", (None, 3)), graph.input("targets", (None, 3))
    (z,) = graph.add("add", [x, y])
    with pytest.raises(ValueError, match="input 'targets' is read but not among the inputs"):
        _core.Program(graph, [x], [z])
    _core.Program(graph, [x], graph.add("exp", [x]))


def test_only_variables_are_updated() -> None:
    graph = _core.Graph()
    c = graph.constant(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="input 0 must be a variable"):
        graph.add("assign_add", [c, c])
    with pytest.raises(TypeError, match="writable, contiguous float32 array or a Variable"):
        _core.eager("assign_add", [np.zeros(3), np.zeros(3)])


def test_gradients_of_what_has_none() -> None:
    graph = _core.Graph()
    x = graph.input("x", (None, 3))
    with pytest.raises(ValueError, match=r"the loss must be a scalar, received shape \(None, 3\)"):
        graph.gradients(x, [x])
    y, mean, *_ = graph.add("batch_norm", [x], {"epsilon": 0.1, "scale": 0, "center": 0})
    (loss,) = graph.add("sum", [mean], {"axes": [0]})
    with pytest.raises(ValueError, match="no gradient through its statistics"):
        graph.gradients(loss, [x])
    (step,) = graph.add("relu_grad", [x, y], {}, "Dense 'fc1'")
    (loss,) = graph.add("sum", [step], {"axes": [0, 1]})
    with pytest.raises(ValueError, match="Dense 'fc1': op 'relu_grad' has no gradient"):
        graph.gradients(loss, [x])


NET = network([4, 6])
X, Y = np.zeros((10, 4), np.float32), np.zeros(10, np.int64)
FEEDS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: NET.program.run([X]), ValueError, "expected 2 inputs, received 1"),
    (lambda: NET.program.run([X[:, :3], Y]), ValueError, r"input 'x': expected shape \(None, 4\), received .* 3"),
    (lambda: NET.program.run([X, Y[:9]]), ValueError, "input 'y': expected 10 samples, received 9"),
    (lambda: NET.program.run([X, np.float32(3)]), ValueError, "expected a batch, received a scalar"),
    (lambda: NET.program.run([X, Y.astype(">i8")]), TypeError, "convert the array to float32 first"),
    (lambda: NET.program.run([X, Y.astype(complex)]), TypeError, "complex128"),
    (lambda: NET.program.run([X, np.array(["a"] * 10)]), TypeError, "cannot train on elements of type"),
    (lambda: NET.program.run_batches([X, Y], 0, 0, 1), ValueError, "batch_size must be at least 1, received 0"),
    (lambda: NET.program.run_batches([X, Y], 4, 0, 4), ValueError, "not that many batches"),
    (lambda: NET.program.run_batches([X, Y], 4, -1, 2), ValueError, "not that many batches"),
    (lambda: NET.program.run_batches([X, Y], 4, 0, 1, np.array([0, 10])), ValueError, "names sample 10 of 10"),
    (lambda: NET.program.run_batches([X, Y], 4, 0, 1, np.array([0, -1])), ValueError, "names sample -1 of 10"),
    (lambda: NET.program.run_batches([X[:1], Y[:1]], 4, 0, 1, np.array([0, 1])), ValueError, "names sample 1 of 1"),
    (lambda: NET.program.run_batches([X, Y], 5, 0, 2, outputs=[X]), ValueError, "outputs differ"),
    (
        lambda: NET.program.run_batches([X, Y], 5, 0, 2, outputs=[np.zeros((), "f4"), np.zeros((9, CLASSES), "f4")]),
        ValueError,
        "too small",
    ),
    (
        lambda: NET.program.run_batches([X, Y], 5, 0, 2, outputs=[np.zeros(()), np.zeros((10, CLASSES))]),
        TypeError,
        "contiguous float32",
    ),
]


@pytest.mark.parametrize("number", range(len(FEEDS)))
def test_feeds_that_do_not_fit(number: int) -> None:
    call, kind, text = FEEDS[number]
    with pytest.raises(kind, match=text):
        call()
    NET.program.run([X, Y])


@pytest.mark.parametrize("label", [CLASSES, -1, 1.5, np.nan])
def test_a_label_that_is_no_class(label: float, set_threads: Callable[[int], None], many: int) -> None:
    labels = np.zeros(40, np.float32)
    labels[27] = label
    x = np.zeros((40, 4), np.float32)
    for threads in (1, many):
        set_threads(threads)
        with pytest.raises(ValueError, match=r"label \S+ of sample 7 in batch 2 .* expected an integer in \[0, 5\)"):
            NET.program.run_batches([x, labels], 10, 0, 4)
        with pytest.raises(ValueError, match="of sample 0 in batch 0"):
            NET.program.run_batches([x, labels], 10, 0, 4, np.roll(np.arange(40), -27))
        NET.program.run_batches([x, labels], 10, 0, 2)


def test_shapes_have_one_free_dimension_in_front() -> None:
    graph = _core.Graph()
    for shape in [(3, None), (None, None), (-2,), (None, -1)]:
        with pytest.raises(ValueError, match="only the first dimension may be None"):
            graph.input("x", shape)


def test_variables_have_one_of_three_types() -> None:
    for dtype in ("f2", "i4", "u1", "?", "c8"):
        with pytest.raises(TypeError, match="'w': expected float32, float64 or int64"):
            _core.Variable(np.zeros(3, dtype), "w")


def test_attributes_of_no_known_type() -> None:
    with pytest.raises(TypeError, match="'scale' must be a number"):
        added("affine", (None,), scale=object(), offset=0.0)
