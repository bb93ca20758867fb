"""Metrics: running results over batches, weights, resolution of names, tracing."""

import copy
import pickle

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


def traced_updates(metric: metrics.Metric, batches: list) -> None:
    """Update with batches that the engine runs."""
    with Trace() as trace:
        inputs = [trace.input(f"x{i}", (None, *np.shape(x)[1:])) for i, x in enumerate(batches[0])]
        metric.update_state(*inputs)
    program = trace.program(inputs, [])
    for batch in batches:
        program.run([np.asarray(x, np.float32) for x in batch])


def test_totals_are_read_in_a_trace() -> None:
    class Grows(metrics.Metric):
        def __init__(self):
            super().__init__(name="grows")
            self.total = self.add_variable((), "zeros", name="total")

        def update_state(self, values):
            self.total.assign(ops.maximum(self.total, ops.max(values)))

    metric = Grows()
    metric.update_state(np.array([3.0]))
    assert float(metric.total) == 3
    traced_updates(metric, [[np.array([5.0, 1])], [np.array([4.0])]])
    assert float(metric.total) == 5


@pytest.mark.parametrize("in_engine", [False, True])
def test_counts_stay_exact_far_above_what_float32_can_count(in_engine: bool) -> None:
    """Weights that sum to more than 2**24, one at a time: float32 would stand still."""
    metric = metrics.TruePositives(thresholds=[0.2, 0.6])
    metric.accumulator.assign([2.0**25, 2.0**24 - 2])
    batches = [[np.ones(3), np.array([0.1, 0.5, 0.9])]] * 7
    if in_engine:
        traced_updates(metric, batches)
    else:
        for batch in batches:
            metric.update_state(*batch)
    np.testing.assert_array_equal(metric.accumulator.exact, [2.0**25 + 14, 2.0**24 + 5])
    np.testing.assert_array_equal(metric.result(), np.float32([2.0**25 + 14, 2.0**24 + 5]))
    twin = copy.deepcopy(metric)
    twin.update_state(*batches[0])
    np.testing.assert_array_equal(twin.accumulator.exact, [2.0**25 + 16, 2.0**24 + 6])
    np.testing.assert_array_equal(metric.accumulator.exact, [2.0**25 + 14, 2.0**24 + 5])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(metric.accumulator)).exact, metric.accumulator.exact)
    metric.reset_state()
    np.testing.assert_array_equal(metric.accumulator.exact, [0, 0])


@pytest.mark.parametrize("in_engine", [False, True])
def test_sums_of_fractions_lose_nothing(in_engine: bool) -> None:
    """R2 of values with a large mean, summed over many batches: as exact as its float32 inputs."""
    rng = np.random.default_rng(0)
    batches = [[1000 + rng.normal(size=(20, 2)).astype(np.float32) for _ in range(2)] for _ in range(50)]
    metric = metrics.R2Score(class_aggregation=None)
    if in_engine:
        traced_updates(metric, batches)
    else:
        for batch in batches:
            metric.update_state(*batch)
    sums = [metric.sum.exact, metric.squared_sum.exact]
    true = np.concatenate([y for y, _ in batches])
    for total, terms in zip(sums, [true, true * true], strict=True):
        np.testing.assert_allclose(total, terms.sum(0, dtype=np.float64), rtol=2e-8)


def test_integer_variables_and_the_signature_of_tf_keras() -> None:
    class Counting(metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.total = self.add_weight("total", initializer="zeros")
            self.matrix = self.add_weight("matrix", (2, 3))
            self.samples = self.add_weight(name="samples", initializer="zeros", dtype="int32")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(ops.sum(ops.abs(y_true - y_pred)))
            self.samples.assign_add(ops.size(y_true))

        def result(self):
            return self.total / self.samples

    for in_engine in (False, True):
        metric = Counting(name="counting")
        batch = [np.zeros((3, 2)), np.full((3, 2), 0.5)]
        traced_updates(metric, [batch, batch]) if in_engine else (metric(*batch), metric(*batch))
        assert (metric.result(), int(metric.samples)) == (0.5, 12)
        assert (metric.total.path, metric.matrix.shape) == ("counting/total", (2, 3))
        metric.reset_states()
        assert int(metric.samples) == 0


def test_masked_predictions_do_not_count() -> None:
    y, p = np.zeros((2, 2, 1)), ops.convert_to_tensor(np.array([[[1.0], [2]], [[4], [8]]]))
    p._keras_mask = np.array([[True, False], [True, True]])
    assert metrics.MeanSquaredError()(y, p) == pytest.approx((1 + 16 + 64) / 3)
    weights = np.array([[1.0, 1], [0.5, 0.5]])
    assert metrics.MeanSquaredError()(y, p, weights) == pytest.approx((1 + 0.5 * 80) / 2)


def test_directions() -> None:
    up = (metrics.AUC(), metrics.BinaryAccuracy(), metrics.F1Score(), metrics.MeanIoU(2), metrics.R2Score())
    assert {metric._direction for metric in up} == {"up"}
    for metric in (metrics.MeanSquaredError(), metrics.MeanMetricWrapper(losses.Huber()), metrics.KLDivergence()):
        assert metric._direction == "down"
    assert metrics.MeanMetricWrapper(lambda y, p: y - p)._direction is None


def test_weights_of_classes_and_ranks() -> None:
    y, p = np.array([[1, 0], [1, 1]]), np.array([[0.9, 0.8], [0.1, 0.9]])
    weights = np.array([[1.0, 2], [3, 4]])
    assert metrics.Recall(class_id=0)(y, p, weights) == pytest.approx(1 / 4)
    assert metrics.Recall()(y[..., None], p[..., None], np.array([1.0, 3])) == pytest.approx(4 / 7)
    assert metrics.MeanIoU(2)(y, p > 0.5, np.array([0.5, 1.5])) == pytest.approx((0 / 2.5 + 2 / 4) / 2)


def test_top_k_takes_the_first_of_equal_predictions() -> None:
    y = np.array([[1, 0, 1, 0]])
    assert metrics.Precision(top_k=2)(y, np.array([[0.5, 0.5, 0.5, 0.1]])) == pytest.approx(0.5)
    assert metrics.Precision(top_k=1)(y, np.array([[-np.inf, 0.5, 0.6, 0.1]])) == 1
    hits = metrics.sparse_top_k_categorical_accuracy([0, 3, 2], [[0.5, 0.5, 0.5], [1, 2, 3], [np.nan, 0, np.nan]], k=1)
    np.testing.assert_array_equal(hits, [1, 0, 0])


ERRORS = [
    (lambda: metrics.AUC(curve="XYZ"), "AUC: expected a curve of ROC, PR, PRGAIN; received 'XYZ'"),
    (lambda: metrics.AUC(summation_method="sum"), "AUC: expected a summation_method of interpolation.*received 'sum'"),
    (lambda: metrics.AUC(num_thresholds=1), "num_thresholds of 2 or more, received 1"),
    (lambda: metrics.AUC(num_labels=2), "num_labels goes with multi_label=True"),
    (lambda: metrics.AUC(thresholds=[0.5, 2]), "AUC: expected thresholds from 0 to 1"),
    (lambda: metrics.AUC(multi_label=True)([1.0, 0], [0.5, 0.1]), r"\(samples, labels\), received \(2,\)"),
    (lambda: metrics.Precision(thresholds=[0.5, 1.5]), r"Precision: expected thresholds from 0 to 1, received \[0.5"),
    (lambda: metrics.Recall(top_k=4)([[1, 0]], [[0.5, 0.1]]), "Recall: expected top_k from 1 to 2, .* received 4"),
    (lambda: metrics.Recall(class_id=2)([[1, 0]], [[0.5, 0.1]]), "class_id 2 needs .* received shape \\(1, 2\\)"),
    (
        lambda: metrics.Recall()([[1, 0]], [[0.5]]),
        r"Recall: expected labels of shape \(1, 1\), received",
    ),
    (lambda: metrics.PrecisionAtRecall(1.5), "PrecisionAtRecall: expected `recall` to be from 0 to 1, received 1.5"),
    (lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0), "num_thresholds of 1 or more, received 0"),
    (lambda: metrics.F1Score(average="mean"), "F1Score: expected an average of .* received 'mean'"),
    (lambda: metrics.FBetaScore(beta=2), "expected beta to be a float above 0, received 2"),
    (lambda: metrics.F1Score(threshold=1.5), "threshold to be a float above 0 and up to 1, received 1.5"),
    (lambda: metrics.F1Score()([1.0], [1.0]), r"\(samples, classes\), received shapes \(1,\) and \(1,\)"),
    (lambda: metrics.R2Score(class_aggregation="mean"), "R2Score: expected a class_aggregation of None"),
    (lambda: metrics.R2Score(num_regressors=-1), "num_regressors of 0 or more, received -1"),
    (lambda: metrics.R2Score()([1.0], [1.0]), r"\(samples, outputs\), received shapes"),
    (lambda: metrics.IoU(2, [2]), "IoU: expected target_class_ids from 0 to 1, received \\[2\\]"),
    (lambda: metrics.MeanIoU(2)(np.zeros((2, 3)), np.zeros((2, 3, 2))), "MeanIoU: expected labels of shape .*sparse"),
    (lambda: metrics.BinaryAccuracy(threshold=2), "`threshold` to be from 0 to 1, received 2"),
    (lambda: metrics.get("presision"), "Unknown metric 'presision'. Did you mean 'precision'"),
    (lambda: metrics.get(3), "Cannot make a metric of 3"),
]


@pytest.mark.parametrize(("action", "message"), ERRORS)
def test_errors(action, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action()


def test_too_few_samples_for_an_adjusted_score() -> None:
    metric = metrics.R2Score(num_regressors=3)
    metric.update_state([[1.0], [2], [3]], [[1.0], [2], [4]])
    with pytest.warns(UserWarning, match="3 values are too few to adjust the score for 3 regressors"):
        assert metric.result() == pytest.approx(0.5)


def test_forgotten_super_init() -> None:
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = 0

    with pytest.raises(RuntimeError, match="In Forgetful, call super"):
        Forgetful()
