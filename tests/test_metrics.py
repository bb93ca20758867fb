"""Metrics: running results over batches, weights, resolution of names, tracing."""

import numpy as np
import pytest

from ravine import losses, metrics, ops
from ravine.ops import Trace

P3 = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], np.float32)
Y3 = np.array([0, 1, 2])

CASES = [
    (metrics.Accuracy, {}, np.array([[1], [2], [3]]), np.array([[1], [2], [0]]), 2 / 3),
    (metrics.BinaryAccuracy, {}, np.array([1, 0, 1]), np.array([[0.6], [0.5], [0.5]]), 2 / 3),
    (metrics.BinaryAccuracy, {"threshold": 0.4}, np.array([[1], [0], [1]]), np.array([[0.6], [0.5], [0.5]]), 2 / 3),
    (metrics.CategoricalAccuracy, {}, np.eye(3)[Y3], P3, 2 / 3),
    (metrics.SparseCategoricalAccuracy, {}, Y3, P3, 2 / 3),
    (metrics.SparseCategoricalAccuracy, {}, Y3[:, None], P3, 2 / 3),
    (metrics.MeanSquaredError, {}, np.array([1.0, 2, 3]), np.array([[0.0], [0], [0]]), 14 / 3),
    (metrics.RootMeanSquaredError, {}, np.array([1.0, 2, 3]), np.array([[0.0], [0], [0]]), np.sqrt(14 / 3)),
    (metrics.MeanAbsoluteError, {}, np.array([[1.0], [2], [3]]), np.array([[0.0], [0], [0]]), 2),
    (metrics.SparseCategoricalCrossentropy, {}, Y3, P3, -np.log([0.7, 0.2, 0.4]).mean()),
    (metrics.CategoricalCrossentropy, {}, np.eye(3)[Y3], P3, -np.log([0.7, 0.2, 0.4]).mean()),
    (metrics.BinaryCrossentropy, {}, np.array([[1.0], [0], [1]]), np.full((3, 1), 0.5), np.log(2)),
]


@pytest.mark.parametrize(("cls", "arguments", "y", "p", "expected"), CASES)
def test_results(cls: type, arguments: dict, y: np.ndarray, p: np.ndarray, expected: float) -> None:
    metric = cls(**arguments)
    assert metric.result() == 0
    metric.update_state(y[:2], p[:2])
    metric.update_state(y[2:], p[2:])
    assert metric.result() == pytest.approx(expected, rel=1e-6)
    assert metric.result().dtype == np.float32
    metric.reset_state()
    assert metric(y, p) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("cls", "arguments", "y", "p", "expected"), CASES)
def test_traced_updates(cls: type, arguments: dict, y: np.ndarray, p: np.ndarray, expected: float) -> None:
    metric = cls(**arguments)
    trace = Trace()
    with trace:
        inputs = [trace.input(name, (None, *x.shape[1:])) for name, x in (("y", y), ("p", p))]
        metric.update_state(*inputs)
    program = trace.program(inputs, [])
    program.run([y[:2], p[:2]])
    program.run([y[2:], p[2:]])
    assert metric.result() == pytest.approx(expected, rel=1e-6)


def test_mean_and_sum() -> None:
    values = np.array([[1.0, 2], [3, 4]])
    for weight, mean, total in (
        (None, 2.5, 10),
        (np.array([1.0, 0.5]), 2.1666667, 6.5),
        (np.array([[1.0, 0], [1, 1]]), 2.6666667, 8),
        (2.0, 2.5, 20),
    ):
        assert metrics.Mean()(values, weight) == pytest.approx(mean)
        assert metrics.Sum()(values, weight) == pytest.approx(total)
    mean = metrics.Mean()
    for scalar in (1.0, 2.0, 6.0):
        mean.update_state(scalar)
    assert mean.result() == 3


def test_totals_are_exact_over_many_batches() -> None:
    metric = metrics.Mean()
    metric.total.assign(2.0**26)
    metric.count.assign(2.0**26)
    metric.update_state(np.ones(1, np.float32))
    assert float(metric.total) == 2.0**26 + 1
    assert [v.dtype for v in metric.variables] == ["float64", "float64"]


def test_sample_weights() -> None:
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state(Y3, P3, sample_weight=np.array([1.0, 2.0, 1.0]))
    assert metric.result() == pytest.approx(0.5)
    metric = metrics.RootMeanSquaredError()
    metric.update_state(np.zeros((2, 1)), np.array([[1.0], [3.0]]), np.array([1.0, 0.0]))
    assert metric.result() == pytest.approx(1)


def test_own_metric() -> None:
    class LargestError(metrics.Metric):
        def __init__(self, name="largest_error", **kwargs):
            super().__init__(name=name, **kwargs)
            self.largest = self.add_variable(shape=(3,), initializer="zeros", name="largest")
            self.batches = self.add_weight(name="batches", dtype="int64")
            self.worst = self.add_variable((), "zeros", dtype="float32", name="worst")

        def update_state(self, y_true, y_pred, sample_weight=None):
            error = ops.max(ops.absolute(y_true - y_pred), axis=0)
            self.largest.assign(ops.maximum(self.largest, error))
            self.batches.assign_add(1)
            self.worst.assign(ops.maximum(self.worst, ops.max(error)))

        def result(self):
            return ops.max(self.largest)

    metric = LargestError()
    trace = Trace()
    with trace:
        inputs = [trace.input(name, (None, 3)) for name in ("y", "p")]
        metric.update_state(*inputs)
    program = trace.program(inputs, [])
    for size in (2, 5):
        program.run([np.zeros((2, 3)), np.full((2, 3), size)])
    assert metric.result() == 5
    assert int(metric.batches) == 2
    assert float(metric.worst) == 5
    assert [v.path for v in metric.variables][:2] == ["largest_error/largest", "largest_error/batches"]
    metric.reset_state()
    assert metric.result() == 0


@pytest.mark.parametrize(
    ("y_shape", "p_shape", "expected"),
    [
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None,), metrics.BinaryAccuracy),
        ((None,), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 10), metrics.SparseCategoricalAccuracy),
        ((None, 10), (None, 10), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_is_resolved_by_shapes(y_shape: tuple, p_shape: tuple, expected: type) -> None:
    for name in ("accuracy", "acc"):
        metric = metrics.resolve(name, y_shape, p_shape)
        assert (type(metric), metric.name) == (expected, name)


def test_resolve_others() -> None:
    shapes = ((None, 1), (None, 10))
    assert type(metrics.resolve("ce", *shapes)) is metrics.SparseCategoricalCrossentropy
    metric = metrics.resolve("mse", *shapes)
    assert (type(metric), metric.name) == (metrics.MeanSquaredError, "mse")
    mine = metrics.Mean(name="mine")
    assert metrics.resolve(mine, *shapes) is mine
    wrapped = metrics.resolve(losses.mean_absolute_error, *shapes)
    assert (type(wrapped), wrapped.name) == (metrics.MeanMetricWrapper, "mean_absolute_error")
    assert metrics.resolve(None, *shapes) is None
    with pytest.raises(ValueError, match=r"Unknown metric 'acuracy'. Did you mean 'accuracy'"):
        metrics.resolve("acuracy", *shapes)


def test_get_and_configs() -> None:
    assert isinstance(metrics.get("mae"), metrics.MeanAbsoluteError)
    assert isinstance(metrics.get("SparseCategoricalAccuracy"), metrics.SparseCategoricalAccuracy)
    for metric in (
        metrics.BinaryAccuracy(threshold=0.3, name="hits"),
        metrics.RootMeanSquaredError(),
        metrics.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics.MeanMetricWrapper(losses.mean_squared_error),
    ):
        twin = metrics.deserialize(metrics.serialize(metric))
        assert (type(twin), twin.get_config()) == (type(metric), metric.get_config())
    assert metrics.serialize(metrics.BinaryAccuracy()) == {
        "module": "keras.metrics",
        "class_name": "BinaryAccuracy",
        "config": {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.5},
        "registered_name": None,
    }


def test_totals_cannot_be_read_in_a_trace() -> None:
    class Grows(metrics.Metric):
        def __init__(self):
            super().__init__(name="grows")
            self.total = self.add_variable((), "zeros", name="total")

        def update_state(self, values):
            self.total.assign(ops.maximum(self.total, ops.max(values)))

    metric = Grows()
    metric.update_state(np.array([3.0]))
    assert float(metric.total) == 3
    with pytest.raises(TypeError, match=r"'grows/total' of dtype float64 .* dtype='float32'"), Trace() as trace:
        metric.update_state(trace.input("x", (None,)))


def test_forgotten_super_init() -> None:
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = 0

    with pytest.raises(RuntimeError, match="In Forgetful, call super"):
        Forgetful()


@pytest.mark.parametrize(("cls", "arguments", "y", "p", "expected"), CASES)
@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 2.0], np.float32)])
@pytest.mark.filterwarnings("default")
def test_agrees_with_keras(cls, arguments, y, p, expected, weight) -> None:
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.metrics, cls.__name__)(**arguments)
    theirs.update_state(y, p, sample_weight=weight)
    ours = cls(**arguments)
    ours.update_state(y, p, sample_weight=weight)
    np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=2e-6)
