"""Losses: numbers of Keras 3.15, reductions, exactness behind softmax and sigmoid, names, errors."""

import numpy as np
import pytest
from tracing import gradient_of, run_traced

from ravine import losses, ops

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]], np.float32)
LABELS = np.array([0, 1, 0])
ONE_HOT = np.eye(3)[LABELS]


def both(function, *arrays):
    """The eager result, after checking that the traced one agrees."""
    eager = np.asarray(function(*arrays))
    np.testing.assert_allclose(run_traced(function, *arrays), eager, rtol=2e-6, atol=1e-7)
    return eager


def test_crossentropy_from_probabilities() -> None:
    expected = -np.log([0.7, 0.8, 0.3])
    for labels in (LABELS, LABELS[:, None]):
        np.testing.assert_allclose(
            both(losses.sparse_categorical_crossentropy, labels, PROBABILITIES), expected, rtol=1e-6
        )
    np.testing.assert_allclose(both(losses.categorical_crossentropy, ONE_HOT, PROBABILITIES), expected, rtol=1e-6)


def test_probabilities_are_normalized_and_kept_from_zero() -> None:
    y, p = np.array([0, 0]), np.array([[0.2, 0.2, 0.2], [0, 1, 0]], np.float32)
    result = both(losses.sparse_categorical_crossentropy, y, p)
    np.testing.assert_allclose(result, [np.log(3), 16.118095], rtol=1e-6)
    result = both(losses.binary_crossentropy, np.array([[1.0], [1], [0]]), np.array([[0.0], [0.9], [0.9]]))
    np.testing.assert_allclose(result, [16.118095, 0.1053605, 2.302585], rtol=1e-6)


def test_crossentropy_from_logits() -> None:
    logits = np.array([[40.0, 0, -40], [0, 1, 2]], np.float32)
    expected = np.logaddexp.reduce(logits.astype(float), -1) - logits[[0, 1], [2, 0]]
    y = np.array([2, 0])
    np.testing.assert_allclose(
        both(lambda y, x: losses.sparse_categorical_crossentropy(y, x, from_logits=True), y, logits),
        expected,
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        both(lambda y, x: losses.categorical_crossentropy(y, x, from_logits=True), np.eye(3)[y], logits),
        expected,
        rtol=1e-6,
    )
    z = np.array([[-40.0], [2]], np.float32)
    result = both(lambda y, x: losses.binary_crossentropy(y, x, from_logits=True), np.array([[1.0], [0]]), z)
    np.testing.assert_allclose(result, [40, np.log1p(np.exp(2))], rtol=1e-6)


def test_label_smoothing() -> None:
    result = both(
        lambda y, p: losses.categorical_crossentropy(y, p, label_smoothing=0.1), ONE_HOT[:1], PROBABILITIES[:1]
    )
    np.testing.assert_allclose(result, [0.4632974], rtol=1e-6)
    result = losses.binary_crossentropy(np.array([[1.0]]), np.array([[0.9]]), label_smoothing=0.2)
    np.testing.assert_allclose(result, [-0.9 * np.log(0.9) - 0.1 * np.log(0.1)], rtol=1e-5)


@pytest.mark.parametrize("wrong_by", [40.0, 200.0])
def test_a_traced_softmax_never_saturates(wrong_by: float) -> None:
    logits = np.array([[0.0, wrong_by]], np.float32)
    fused = lambda x: losses.sparse_categorical_crossentropy(np.array([0]), ops.softmax(x))  # noqa: E731
    assert run_traced(fused, logits, batched=False)[0] == pytest.approx(wrong_by)
    np.testing.assert_allclose(gradient_of(fused, logits), [[-1, 1]], atol=1e-6)
    assert losses.sparse_categorical_crossentropy(np.array([0]), ops.softmax(logits))[0] == pytest.approx(16.118095)


def test_a_traced_sigmoid_never_saturates() -> None:
    z = np.array([[-40.0]], np.float32)
    fused = lambda x: losses.binary_crossentropy(np.array([[1.0]]), ops.sigmoid(x))  # noqa: E731
    assert run_traced(fused, z, batched=False)[0] == pytest.approx(40)
    assert gradient_of(fused, z)[0, 0] == pytest.approx(-1)


def test_ignored_class() -> None:
    y, p = np.array([0, 1, 2]), PROBABILITIES
    loss = losses.SparseCategoricalCrossentropy(ignore_class=0)
    assert both(loss, y, p) == pytest.approx(0.5697171, rel=1e-6)
    assert loss(y, p, sample_weight=np.array([1.0, 2, 3])) == pytest.approx(1.5975796, rel=1e-6)
    np.testing.assert_allclose(
        losses.sparse_categorical_crossentropy(np.array([-1, 1, 2]), p, ignore_class=-1)[0], 0, atol=0
    )


def test_other_axes() -> None:
    p = np.stack([PROBABILITIES.T] * 2)  # classes on axis 1
    result = both(lambda y, p: losses.sparse_categorical_crossentropy(y, p, axis=1), np.stack([LABELS] * 2), p)
    np.testing.assert_allclose(result, [-np.log([0.7, 0.8, 0.3])] * 2, rtol=1e-6)


def test_regression_losses() -> None:
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0, 0.0], [3.0, 8.0]])
    np.testing.assert_allclose(both(losses.mean_squared_error, y, p), [2.5, 8])
    np.testing.assert_allclose(both(losses.mean_absolute_error, y, p), [1.5, 2])
    assert losses.Huber()(np.array([[0.0], [0.0]]), np.array([[0.5], [3.0]])) == pytest.approx(1.3125)
    assert both(losses.Huber(delta=2.0), np.array([[0.0]]), np.array([[3.0]])) == pytest.approx(4)


def test_vectors_of_labels_fit_columns_of_predictions() -> None:
    y, p = np.array([1.0, 2.0, 3.0]), np.array([[1.0], [1.0], [1.0]])
    for labels, predictions in ((y, p), (y[:, None], p[:, 0])):
        assert both(losses.MeanSquaredError(), labels, predictions) == pytest.approx(5 / 3)
    assert losses.BinaryCrossentropy()(np.array([1, 0]), np.array([[0.5], [0.5]])) == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_over_batch_size", 0.5),
        ("mean", 0.5),
        ("mean_with_sample_weight", 1.0),
        ("sum", 1.0),
        ("none", [1.0, 0.0]),
        (None, [1.0, 0.0]),
    ],
)
def test_reductions(reduction: str | None, expected: object) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    y, p, w = np.array([[0.0], [0.0]]), np.array([[1.0], [3.0]]), np.array([1.0, 0.0])
    np.testing.assert_allclose(both(loss, y, p, w), expected)


def test_sample_weights_of_other_ranks() -> None:
    y, p = np.zeros((2, 2)), np.array([[1.0, 2], [3, 4]])
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    for weights in (np.array([1.0, 3]), np.array([[1.0], [3]])):
        assert loss(y, p, weights) == pytest.approx(10)
    assert losses.MeanSquaredError()(y, p, 2.0) == pytest.approx(15)
    with pytest.raises(ValueError, match=r"sample_weight of shape \(2, 2\) does not fit losses of shape \(2,\)"):
        losses.MeanSquaredError()(y, p, np.ones((2, 2)))


def test_own_losses_are_traced() -> None:
    class Quartic(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean((y_true - y_pred) ** 4, axis=-1)

    y, p = np.array([[1.0], [2.0]]), np.array([[3.0], [2.0]])
    assert both(Quartic(), y, p) == pytest.approx(8)
    wrapped = losses.LossFunctionWrapper(lambda y, p: ops.abs(y - p), name="l1")
    assert both(wrapped, y, p) == pytest.approx(1)


def test_get_and_configs() -> None:
    assert losses.get("mse") is losses.mean_squared_error
    assert losses.get("sparse_categorical_crossentropy") is losses.sparse_categorical_crossentropy
    assert isinstance(losses.get("BinaryCrossentropy"), losses.BinaryCrossentropy)
    assert losses.get(None) is None
    assert losses.serialize(losses.mean_squared_error) == "mean_squared_error"
    for loss in (
        losses.Huber(delta=2.5),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum"),
        losses.SparseCategoricalCrossentropy(ignore_class=3),
        losses.MeanAbsoluteError(name="mine"),
    ):
        twin = losses.deserialize(losses.serialize(loss))
        assert (type(twin), twin.get_config()) == (type(loss), loss.get_config())
    assert losses.Huber(delta=2.5).get_config()["delta"] == 2.5
    wrapper = losses.LossFunctionWrapper(losses.mean_squared_error)
    assert losses.deserialize(losses.serialize(wrapper)).fn is losses.mean_squared_error


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"Unknown loss 'sparse_crossentropy'. Did you mean"):
        losses.get("sparse_crossentropy")
    with pytest.raises(ValueError, match=r"unknown reduction 'summ'. Did you mean 'sum'"):
        losses.MeanSquaredError(reduction="summ")
    with pytest.raises(ValueError, match=r"labels of shape \(3,\).*received shape \(3, 3\). Use categorical_cross"):
        losses.sparse_categorical_crossentropy(ONE_HOT, PROBABILITIES)
    with pytest.raises(ValueError, match=r"labels of shape \(3, 3\), received shape \(3,\). Use sparse_cat"):
        losses.categorical_crossentropy(LABELS, PROBABILITIES)
    with pytest.raises(ValueError, match="labels from 0 to 2, received labels from 0 to 3"):
        losses.sparse_categorical_crossentropy(np.array([0, 3, 1]), PROBABILITIES)


KERAS_CASES = [
    ("SparseCategoricalCrossentropy", {}, LABELS, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS[:, None], PROBABILITIES),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, PROBABILITIES),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, PROBABILITIES),
    ("BinaryCrossentropy", {"from_logits": True}, ONE_HOT, PROBABILITIES),
    ("MeanSquaredError", {}, ONE_HOT, PROBABILITIES),
    ("MeanAbsoluteError", {"reduction": "sum"}, ONE_HOT, PROBABILITIES),
    ("Huber", {"delta": 0.3, "reduction": "mean_with_sample_weight"}, ONE_HOT, PROBABILITIES),
]


@pytest.mark.parametrize(("name", "arguments", "y", "p"), KERAS_CASES)
@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 2.0], np.float32)])
@pytest.mark.filterwarnings("default")
def test_agrees_with_keras(name, arguments, y, p, weight) -> None:
    keras = pytest.importorskip("keras")
    expected = getattr(keras.losses, name)(**arguments)(y, p, sample_weight=weight)
    result = getattr(losses, name)(**arguments)(y, p, sample_weight=weight)
    np.testing.assert_allclose(result, np.asarray(expected), rtol=2e-6)
