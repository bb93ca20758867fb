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


SOFTMAX_LOSSES = [
    (losses.SparseCategoricalCrossentropy(), LABELS, 0.0),
    (losses.SparseCategoricalCrossentropy(ignore_class=1), LABELS, 0.0),
    (losses.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, 0.1),
    (losses.CategoricalFocalCrossentropy(), ONE_HOT, 0.0),
]


@pytest.mark.parametrize(("loss", "y", "smoothing"), SOFTMAX_LOSSES)
@pytest.mark.parametrize("shape", [None, (-1, 1, 3)])
def test_every_crossentropy_uses_the_logits_behind_a_traced_softmax(loss, y, smoothing, shape) -> None:
    """Wrong by 60, weighted, behind a change of shape: the numbers that float64 gives from the logits."""
    logits = np.full((3, 3), -30, np.float32)
    logits[[0, 1, 2], [1, 1, 2]] = 30
    weights = np.array([1, 0.5, 2], np.float32)
    reshaped = (lambda x: x) if shape is None else (lambda x: ops.reshape(x, (-1, *shape[1:])))

    def traced(z, y, w):
        return loss(
            reshaped(y) if y.ndim > 1 or shape is None else ops.reshape(y, (-1, 1)), reshaped(ops.softmax(z)), w
        )

    z = logits.astype(float)
    log_p = z - np.logaddexp.reduce(z, -1)[:, None]
    target = ONE_HOT * (1 - smoothing) + smoothing / 3
    values = -(target * log_p * (0.25 * (1 - np.exp(log_p)) ** 2 if "focal" in loss.name else 1)).sum(-1)
    counted = LABELS != 1 if getattr(loss, "ignore_class", None) == 1 else np.ones(3, bool)
    expected = (values * weights)[counted].sum() / counted.sum()
    assert run_traced(traced, logits, y, weights) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("cls", [losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy])
def test_every_crossentropy_uses_the_logits_behind_a_traced_sigmoid(cls) -> None:
    z, y = np.array([[-60.0], [1], [60]], np.float32), np.array([1.0, 0, 0], np.float32)
    traced = lambda z, y: cls(label_smoothing=0.1)(y, ops.reshape(ops.sigmoid(z), (-1,)))  # noqa: E731
    y64, z64 = y * 0.9 + 0.05, z[:, 0].astype(float)
    values = y64 * np.logaddexp(0, -z64) + (1 - y64) * np.logaddexp(0, z64)
    if cls is losses.BinaryFocalCrossentropy:
        values *= (y64 / (1 + np.exp(z64)) + (1 - y64) / (1 + np.exp(-z64))) ** 2
    assert run_traced(traced, z, y) == pytest.approx(values.mean(), rel=1e-5)
    gradient = gradient_of(lambda z: traced(z, y), z)
    assert np.abs(gradient[[0, 2]]).min() > 0.1


def test_masks() -> None:
    """Predictions that carry a mask: what is masked does not count, in no reduction."""
    y, p = np.zeros((2, 3, 1)), ops.convert_to_tensor(np.arange(6.0).reshape(2, 3, 1))
    p._keras_mask = np.array([[True, True, False], [True, False, False]])
    for reduction, expected in (
        ("sum_over_batch_size", 10 / 3), ("mean", 10 / 3), ("sum", 10), ("mean_with_sample_weight", 10 / 3),
        ("none", [[0, 1, 0], [9, 0, 0]]),
    ):  # fmt: skip
        np.testing.assert_allclose(losses.MeanSquaredError(reduction=reduction)(y, p), expected, rtol=1e-6)
    weights = np.array([1.0, 2.0])
    assert losses.MeanSquaredError()(y, p, weights) == pytest.approx(19 / 3)
    assert losses.MeanSquaredError(reduction="mean_with_sample_weight")(y, p, weights) == pytest.approx(19 / 4)
    p._keras_mask = np.zeros((2, 3), bool)
    assert losses.MeanSquaredError()(y, p) == 0


def test_golden_numbers() -> None:
    """Numbers of Keras 3.15.1 for single samples."""
    for function, y, p, expected in (
        (losses.log_cosh, [0.0], [2.0], 1.3250027),
        (losses.kl_divergence, [0.5, 0.5], [0.9, 0.1], 0.5108256),
        (losses.cosine_similarity, [1.0, 0], [1.0, 1], -0.7071068),
        (losses.poisson, [1.0], [2.0], 1.3068528),
        (losses.mean_squared_logarithmic_error, [1.0], [2.0], 0.1644020),
        (losses.mean_absolute_percentage_error, [2.0], [1.0], 50),
        (losses.hinge, [0.0, 1], [0.5, 0.5], 1.0),
        (losses.hinge, [-1.0, 1], [0.5, 0.5], 1.0),
    ):
        assert function(y, p) == pytest.approx(expected, rel=2e-6)


def test_a_loss_of_a_dictionary_of_outputs() -> None:
    class Both(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.square(y_pred["a"] - y_true["a"]), -1) + ops.mean(ops.abs(y_pred["b"]), -1)

    y, p = {"a": np.zeros((2, 1))}, {"a": np.ones((2, 1)), "b": -np.ones((2, 3))}
    assert Both()(y, p) == pytest.approx(2)


def test_circle_beside_references() -> None:
    """The batch itself, given as the references, gives the losses of the batch."""
    random = np.random.default_rng(0)
    y, p = random.integers(0, 4, 9), random.normal(size=(9, 5)).astype(np.float32)
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    for remove in (True, False):
        given = losses.circle(y, p, ref_labels=y[:, None], ref_embeddings=p, remove_diagonal=remove)
        np.testing.assert_allclose(given, both(lambda y, p, r=remove: losses.circle(y, p, None, None, r), y, p), 1e-5)
    beside = lambda y, p, r=p, labels=y: losses.circle(y, p, labels, r, remove_diagonal=False)  # noqa: E731
    np.testing.assert_allclose(run_traced(beside, y[:3], p[:3]), given[:3], rtol=1e-5)
    assert losses.Circle()(np.array([0, 1]), np.eye(2)) == 0  # nobody has another of its class


def test_circle_says_what_it_cannot_compare() -> None:
    y, p = np.array([0, 1]), np.eye(2)
    with pytest.raises(ValueError, match=r"circle: expected class indices \(N,\) or \(N, 1\)"):
        losses.circle(np.eye(2), p)
    for given in ({"ref_labels": y}, {"ref_embeddings": p}, {"ref_labels": y, "ref_embeddings": p}):
        with pytest.raises(ValueError, match=r"references must be given in full\. Pass ref_labels, ref_embeddings and"):
            run_traced(lambda y, p, given=given: losses.circle(y, p, **given), y, p)


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
    for y in (np.stack([LABELS] * 2), np.stack([LABELS] * 2)[:, None]):
        result = both(lambda y, p: losses.sparse_categorical_crossentropy(y, p, axis=1), y, p)
        np.testing.assert_allclose(result, [-np.log([0.7, 0.8, 0.3])] * 2, rtol=1e-6)
    assert losses.SparseCategoricalCrossentropy(axis=1).get_config()["axis"] == 1


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
    assert {losses.Reduction.SUM, losses.Reduction.NONE, losses.Reduction.AUTO} < set(losses.reduction.REDUCTIONS)


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
    assert losses.deserialize(losses.serialize(losses.mean_squared_error)) is losses.mean_squared_error
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
    with pytest.raises(ValueError, match=r"class indices of shape \(3,\).*received shape \(3, 3\)"):
        losses.categorical_generalized_cross_entropy(ONE_HOT, PROBABILITIES, 0.5)
    with pytest.raises(ValueError, match="`q` between 0 and 1, received 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1)
    with pytest.raises(ValueError, match="expected an integer axis, received True"):
        losses.categorical_crossentropy(ONE_HOT, PROBABILITIES, axis=True)
    with pytest.warns(SyntaxWarning, match="more than one class, received shape \\(2, 1\\)"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="labels from 0 to 2, received labels from 0 to 3"):
        losses.sparse_categorical_crossentropy(np.array([0, 3, 1]), PROBABILITIES)
