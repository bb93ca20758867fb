"""Every metric of Keras against the installed one: several batches, weights, traced and at once, configurations."""

import inspect
from types import ModuleType

import numpy as np
import pytest

import ravine
from ravine import metrics
from ravine.ops import Trace

pytestmark = [  # from Keras itself
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64"),
]

RNG = np.random.default_rng(5)


def real(shape):
    return RNG.normal(size=shape), RNG.normal(size=shape)


def close(shape):
    y = RNG.normal(size=shape)
    return y, y + 0.3 * RNG.normal(size=shape)


def positive(shape):
    return RNG.integers(0, 5, shape), RNG.uniform(0.1, 4, shape)


def integers(shape):
    return RNG.integers(0, 3, shape), RNG.integers(0, 3, shape)


def binary(shape):
    return RNG.integers(0, 2, shape), RNG.uniform(0, 1, shape)


def on_thresholds(shape):
    return RNG.integers(0, 2, shape), RNG.integers(0, 11, shape) / 10


def logits(shape):
    return RNG.integers(0, 2, shape), RNG.normal(size=shape) * 2


def signs(shape):
    return RNG.choice([-1, 1], shape), RNG.normal(size=shape)


def one_hot(shape):
    p = RNG.uniform(0.05, 1, shape)
    return np.eye(shape[-1])[RNG.integers(0, shape[-1], shape[:-1])], p / p.sum(-1, keepdims=True)


def one_hot_logits(shape):
    return one_hot(shape)[0], RNG.normal(size=shape)


def sparse(shape):
    y, p = one_hot(shape)
    return y.argmax(-1), p


def sparse_columns(shape):
    y, p = sparse(shape)
    return y[..., None], p


def sorted_ids(shape):
    return RNG.integers(0, shape[-1], shape[:-1]), np.argsort(RNG.normal(size=shape), -1)


def labels_or_none(shape):
    return RNG.integers(-1, 3, shape), RNG.integers(0, 3, shape)


def one_hot_to_ids(shape):
    y, p = one_hot(shape)
    return y, p.argmax(-1)


SHAPES = [(6,), (6, 3), (3, 2, 4)]
ROWS = [(3, 2, 4)]
PAIRS = [(6, 3)]
FLAT = [(6, 2)]
FLOAT = {"dtype": "float32"}
# name, arguments, data, shapes
CASES = [
    ("MeanSquaredError", {}, real, SHAPES),
    ("RootMeanSquaredError", {}, real, PAIRS),
    ("MeanAbsoluteError", {}, real, PAIRS),
    ("MeanAbsolutePercentageError", {}, real, PAIRS),
    ("MeanSquaredLogarithmicError", {}, positive, PAIRS),
    ("LogCoshError", {}, real, PAIRS),
    ("CosineSimilarity", {}, real, [(3, 2, 4)]),
    ("CosineSimilarity", {"axis": 1}, real, [(3, 2, 4)]),
    ("R2Score", {}, close, PAIRS),
    ("R2Score", {"class_aggregation": None}, close, PAIRS),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, close, PAIRS),
    ("PearsonCorrelation", {}, close, [(3, 2, 4)]),
    ("PearsonCorrelation", {"axis": 1}, close, [(3, 2, 4)]),
    ("ConcordanceCorrelation", {}, close, [(3, 2, 4)]),
    ("Poisson", {}, positive, PAIRS),
    ("KLDivergence", {}, one_hot, ROWS),
    ("Hinge", {}, signs, PAIRS),
    ("Hinge", {}, logits, PAIRS),
    ("SquaredHinge", {}, signs, PAIRS),
    ("CategoricalHinge", {}, one_hot, PAIRS),
    ("BinaryCrossentropy", {}, binary, ROWS),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, logits, PAIRS),
    ("CategoricalCrossentropy", {}, one_hot, ROWS),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, one_hot_logits, PAIRS),
    ("SparseCategoricalCrossentropy", {}, sparse, ROWS),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, sparse, PAIRS),
    ("Accuracy", {}, integers, ROWS),
    ("BinaryAccuracy", {}, binary, SHAPES),
    ("BinaryAccuracy", {"threshold": 0.3}, on_thresholds, PAIRS),
    ("CategoricalAccuracy", {}, one_hot, ROWS),
    ("SparseCategoricalAccuracy", {}, sparse, ROWS),
    ("SparseCategoricalAccuracy", {}, sparse_columns, ROWS),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot, ROWS),
    ("TopKCategoricalAccuracy", {}, one_hot, PAIRS),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse, ROWS),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, sparse_columns, PAIRS),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, sorted_ids, PAIRS),
    ("TruePositives", {}, binary, ROWS),
    ("FalsePositives", {"thresholds": 0.3}, binary, PAIRS),
    ("TrueNegatives", {"thresholds": [0.2, 0.7]}, binary, PAIRS),
    ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, on_thresholds, PAIRS),
    ("Precision", {}, binary, SHAPES),
    ("Precision", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, on_thresholds, PAIRS),
    ("Precision", {"thresholds": [0.1, 0.9]}, on_thresholds, PAIRS),
    ("Precision", {"top_k": 2}, binary, [(6, 5)]),
    ("Precision", {"top_k": 2, "class_id": 1}, binary, [(6, 5)]),
    ("Precision", {"class_id": 2, "thresholds": [0.3]}, binary, PAIRS),
    ("Recall", {}, binary, PAIRS),
    ("Recall", {"top_k": 1, "thresholds": 0.4}, binary, [(6, 5)]),
    ("Recall", {"class_id": 0}, binary, PAIRS),
    ("SensitivityAtSpecificity", {"specificity": 0.4}, binary, [(30,)]),
    ("SensitivityAtSpecificity", {"specificity": 0.4, "num_thresholds": 1}, binary, [(30,)]),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 11}, on_thresholds, [(30,)]),
    ("PrecisionAtRecall", {"recall": 0.6}, binary, [(30,)]),
    ("PrecisionAtRecall", {"recall": 0.6, "class_id": 1}, binary, [(10, 3)]),
    ("RecallAtPrecision", {"precision": 0.5}, binary, [(30,)]),
    *[
        ("AUC", {"curve": curve, "summation_method": method}, binary, [(30,)])
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
    ],
    ("AUC", {}, on_thresholds, [(10, 3)]),
    ("AUC", {"num_thresholds": 11}, on_thresholds, [(30,)]),
    ("AUC", {"thresholds": [0.2, 0.3, 0.8], "from_logits": True}, logits, [(30,)]),
    ("AUC", {"multi_label": True}, binary, [(10, 3)]),
    ("AUC", {"multi_label": True, "num_labels": 3, "curve": "PR", "label_weights": [1.0, 2, 0]}, binary, [(10, 3)]),
    ("AUC", {"multi_label": True, "thresholds": [0.1, 0.4]}, binary, [(10, 3)]),
    ("AUC", {"label_weights": [1.0, 2, 0.5], "curve": "PR"}, binary, [(10, 3)]),
    ("F1Score", {}, one_hot, PAIRS),
    ("F1Score", {"average": "macro", "threshold": 0.3}, one_hot, PAIRS),
    ("FBetaScore", {"average": "micro", "beta": 2.0}, one_hot, PAIRS),
    ("FBetaScore", {"average": "weighted", "beta": 0.5, "threshold": 0.4}, binary, PAIRS),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2], **FLOAT}, integers, FLAT),
    ("MeanIoU", {"num_classes": 3, **FLOAT}, integers, FLAT),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 1, **FLOAT}, labels_or_none, FLAT),
    ("BinaryIoU", {"threshold": 0.4, **FLOAT}, binary, FLAT),
    ("BinaryIoU", {"target_class_ids": [1], **FLOAT}, binary, FLAT),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 2], **FLOAT}, one_hot, [(6, 4)]),
    ("OneHotMeanIoU", {"num_classes": 4, **FLOAT}, one_hot, [(6, 4)]),
    ("OneHotMeanIoU", {"num_classes": 4, "sparse_y_pred": True, **FLOAT}, one_hot_to_ids, [(6, 4)]),
]
EACH = [
    pytest.param(name, arguments, [tuple(x.astype(np.float32) for x in data(shape)) for _ in range(2)],
                 id=f"{name}-{i}-{shape}")
    for i, (name, arguments, data, shapes) in enumerate(CASES)
    for shape in shapes
]  # fmt: skip

CLASSES = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity", "F1Score",
    "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanSquaredError", "MeanSquaredLogarithmicError",
    "OneHotIoU", "OneHotMeanIoU", "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score",
    "Recall", "RecallAtPrecision", "RootMeanSquaredError", "SensitivityAtSpecificity", "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge",
    "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives",
]  # fmt: skip
OF_VALUES = ["Mean", "Sum", "MeanMetricWrapper", "Metric"]  # in tests/test_metrics.py
# Of these functions the losses' table has the numbers, or the metric of the same name in the table above.
FUNCTIONS = [
    "binary_accuracy", "binary_crossentropy", "binary_focal_crossentropy", "categorical_accuracy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge", "concordance_correlation",
    "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "pearson_correlation", "poisson",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy",
    "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def weights_for(name: str, arguments: dict, y: np.ndarray) -> list:
    """No weights, one per sample, and one per value, where Keras' metric takes those."""
    if y.ndim == 1 and ((name.startswith("Mean") and "IoU" not in name) or name == "BinaryCrossentropy"):
        return [None]
    weights = [None, RNG.uniform(0, 2, len(y)).astype(np.float32)]
    if name.endswith("IoU"):
        flat = y.shape[:-1] if name.startswith("OneHot") else y.shape
        return [None, RNG.integers(0, 3, flat).astype(np.float32)]
    if y.ndim == 3 and name in ("Precision", "Recall", "TruePositives"):
        return [None, RNG.uniform(0, 2, y.shape).astype(np.float32)]
    if y.ndim > 1 and name in ("BinaryAccuracy", "Accuracy", "RootMeanSquaredError", "AUC", "Precision", "R2Score"):
        if "class_id" in arguments:
            return weights
        weights.append(RNG.uniform(0, 2, y.shape).astype(np.float32))
    return weights


def traced(metric: metrics.Metric, batches: list, weights: np.ndarray | None) -> np.ndarray:
    """The result after updates that the engine ran; `result` is traced too, and must say the same."""
    example = [*batches[0], *([] if weights is None else [weights])]
    with Trace() as trace:
        inputs = [trace.input(f"x{i}", (None, *x.shape[1:])) for i, x in enumerate(example)]
        metric.update_state(*inputs)
        result = metric.result()
    program = trace.program(inputs, [result])
    for batch in batches:
        [value] = program.run([*batch, *([] if weights is None else [weights])])
    np.testing.assert_allclose(value, metric.result(), rtol=1e-5, atol=1e-6)
    return metric.result()


def test_every_metric_has_a_case(keras: ModuleType) -> None:
    public = {name for name in dir(keras.metrics) if not name.startswith("_")}
    assert public == {*CLASSES, *OF_VALUES, *FUNCTIONS, "get", "serialize", "deserialize"}
    assert {name for name, *_ in CASES} == set(CLASSES)
    for name in public:
        assert name in metrics.__all__, name
    for name in CLASSES + OF_VALUES:
        theirs, own = (inspect.signature(getattr(library.metrics, name).__init__) for library in (keras, ravine))
        assert [(p.name, p.default) for p in own.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ], name


@pytest.mark.parametrize(("name", "arguments", "batches"), EACH)
def test_values(keras: ModuleType, name: str, arguments: dict, batches: list) -> None:
    for weights in weights_for(name, arguments, batches[0][0]):
        theirs, own = getattr(keras.metrics, name)(**arguments), getattr(metrics, name)(**arguments)
        for y, p in batches:
            theirs.update_state(y, p, sample_weight=weights)
            own.update_state(y, p, sample_weight=weights)
        expected = np.asarray(theirs.result())
        np.testing.assert_allclose(own.result(), expected, rtol=2e-5, atol=2e-6)
        assert (np.asarray(own.result()).dtype, np.shape(own.result())) == (np.float32, expected.shape)
        assert [v.name for v in own.variables] == [v.name for v in theirs.variables]
        np.testing.assert_allclose(
            traced(getattr(metrics, name)(**arguments), batches, weights), expected, rtol=2e-5, atol=2e-6
        )
        own.reset_state()
        for batch in batches:
            own.update_state(*batch, sample_weight=weights)
        np.testing.assert_allclose(own.result(), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name in metrics.functions])
def test_functions(keras: ModuleType, name: str) -> None:
    y, p = (sparse if name.startswith("sparse") else one_hot)((3, 2, 4))
    expected = getattr(keras.metrics, name)(y.astype(np.float32), p.astype(np.float32))
    result = getattr(metrics, name)(y, p)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=2e-6)
    assert result.shape == expected.shape


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, arguments, *_ in CASES])
def test_configurations(keras: ModuleType, name: str, arguments: dict) -> None:
    theirs, own = (getattr(library, name)(name="mine", **arguments) for library in (keras.metrics, metrics))
    config, expected = own.get_config(), theirs.get_config()
    if expected.get("label_weights") is not None:
        expected["label_weights"] = np.asarray(expected["label_weights"]).tolist()
    assert {key: config[key] for key in expected} == expected
    assert set(config) - set(expected) <= {"axis"} & set(arguments)  # lost by Keras
    assert own._direction == getattr(theirs, "_direction", None)
    twin = keras.metrics.deserialize(metrics.serialize(own))
    assert type(twin) is type(theirs)
    back = metrics.deserialize(keras.metrics.serialize(theirs))
    assert (type(back), back.get_config()) == (type(own), {key: config[key] for key in back.get_config()})
    again = metrics.deserialize(metrics.serialize(own))
    assert again.get_config() == config


def test_names(keras: ModuleType) -> None:
    from keras.src.metrics import ALL_OBJECTS_DICT

    for name, found in ALL_OBJECTS_DICT.items():
        if "io_u" in name or "IoU" in name or "_at_" in name or "At" in name or found.__name__ in OF_VALUES:
            assert metrics._registry.named[name].__name__ == found.__name__
        else:
            assert type(metrics.get(name)).__name__ == found.__name__
    for name in ("MeanIoU", "AUC", "FBetaScore", "TruePositives"):
        required = {"num_classes": 2} if name == "MeanIoU" else {}
        assert getattr(metrics, name)(**required).name.rstrip("_0123456789") == getattr(keras.metrics, name)(
            **required
        ).name.rstrip("_0123456789")


def compiled(library: ModuleType, kind: str, y: np.ndarray, p: np.ndarray):
    """What `evaluate` says of a model that gives its input as it is, with most metrics of a kind."""
    m = library.metrics
    model = library.Sequential([library.layers.Input((p.shape[1],)), library.layers.Dense(p.shape[1], use_bias=False)])
    model.set_weights([np.eye(p.shape[1], dtype=np.float32)])
    if kind == "binary":
        plain = [
            "accuracy", "mse", "AUC", "precision", "hinge", m.Recall(name="r"), m.AUC(curve="PR", name="pr"), "poisson",
            m.PrecisionAtRecall(0.5, name="par"), m.TrueNegatives([0.2, 0.6], name="tn"), "kl_divergence", "mape",
        ]  # fmt: skip
        weighted = [m.AUC(name="wauc"), m.Precision(name="wp"), "mae", m.BinaryIoU(name="iou", dtype="float32")]
    else:
        plain = [
            "acc", m.F1Score(average="macro", name="f1"), "cosine_similarity", m.R2Score(name="r2"),
            m.TopKCategoricalAccuracy(2, name="top2"), m.AUC(multi_label=True, name="auc"), "log_cosh_error",
            m.OneHotMeanIoU(p.shape[1], name="iou", dtype="float32"), m.FBetaScore("micro", 2.0, name="fb"),
            "categorical_hinge",
        ]  # fmt: skip
        weighted = ["categorical_crossentropy", m.F1Score(name="wf")]
    model.compile("sgd", loss="mse", metrics=plain, weighted_metrics=weighted)
    weights = np.linspace(0.5, 2, len(y)).astype(np.float32)
    return model.evaluate(p, y, batch_size=7, sample_weight=weights, verbose=0, return_dict=True)


@pytest.mark.parametrize(("kind", "shape"), [("binary", (25, 1)), ("one-hot", (25, 4))])
def test_evaluate(keras: ModuleType, kind: str, shape: tuple) -> None:
    y, p = (x.astype(np.float32) for x in (binary if kind == "binary" else one_hot)(shape))
    expected, own = (compiled(library, kind, y, p) for library in (keras, ravine))
    assert set(own) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(own[name], np.asarray(value), rtol=2e-5, atol=2e-6, err_msg=name)
