"""Every loss of Keras against the installed one: values, reductions, weights, gradients, configurations."""

import json
from types import ModuleType

import numpy as np
import pytest
from tracing import run_traced

import ravine
from ravine import losses
from ravine.ops import Trace

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(3)
SHAPES = [(6,), (6, 1), (3, 2, 4)]


def real(shape):
    return RNG.normal(size=shape), RNG.normal(size=shape)


def positive(shape):
    return RNG.integers(0, 5, shape), RNG.uniform(0.1, 4, shape)


def binary(shape):
    return RNG.integers(0, 2, shape), RNG.uniform(0.02, 0.98, shape)


def binary_logits(shape):
    return RNG.integers(0, 2, shape), RNG.uniform(-3, 3, shape)  # not beyond: focal losses of Keras lose digits there


def signs(shape):
    return RNG.choice([-1, 1], shape), RNG.normal(size=shape)


def one_hot(shape):
    p = RNG.uniform(0.05, 1, shape)
    return np.eye(shape[-1])[RNG.integers(0, shape[-1], shape[:-1])], p / p.sum(-1, keepdims=True)


def one_hot_logits(shape):
    return one_hot(shape)[0], RNG.uniform(-3, 3, shape)


def sparse(shape):
    y, p = one_hot(shape)
    return y.argmax(-1), p


def sparse_logits(shape):
    return sparse(shape)[0], RNG.uniform(-3, 3, shape)


def sparse_columns(shape):
    y, p = sparse(shape)
    return y[..., None], p


def classes_second(shape):
    y, p = one_hot(shape)
    return np.moveaxis(y, -1, 1), np.moveaxis(p, -1, 1)


def embeddings(shape):
    p = RNG.normal(size=shape)
    return RNG.integers(0, 3, shape[:1]), p / np.linalg.norm(p, axis=-1, keepdims=True)


def sequences(shape):
    """Labels of several lengths, one of them with a repetition, for logits over time."""
    y = np.zeros((shape[0], 3))
    y[0], y[1, :2], y[2, :1] = (1, 1, 2), (3, 1), 2
    return y, RNG.normal(size=shape) * 2


ROWS = [(3, 2, 4)]
MATRIX = [(7, 4)]
# name, arguments, data, shapes; what has no shapes fails in Keras and has its numbers in tests/test_losses.py
CASES = [
    ("MeanSquaredError", {}, real, SHAPES),
    ("MeanAbsoluteError", {}, real, SHAPES),
    ("MeanAbsolutePercentageError", {}, real, ROWS),
    ("MeanSquaredLogarithmicError", {}, positive, ROWS),
    ("MeanSquaredLogarithmicError", {}, real, ROWS),
    ("Huber", {}, real, SHAPES),
    ("Huber", {"delta": 0.3}, real, ROWS),
    ("LogCosh", {}, real, ROWS),
    ("CosineSimilarity", {}, real, SHAPES[1:]),
    ("CosineSimilarity", {"axis": 1}, real, ROWS),
    ("Poisson", {}, positive, ROWS),
    ("KLDivergence", {}, one_hot, ROWS),
    ("KLDivergence", {}, binary, SHAPES[1:2]),
    ("Hinge", {}, signs, SHAPES),
    ("Hinge", {}, binary_logits, ROWS),
    ("SquaredHinge", {}, signs, ROWS),
    ("SquaredHinge", {}, binary_logits, ROWS),
    ("CategoricalHinge", {}, one_hot, ROWS),
    ("BinaryCrossentropy", {}, binary, SHAPES),
    ("BinaryCrossentropy", {"from_logits": True}, binary_logits, ROWS),
    ("BinaryCrossentropy", {"label_smoothing": 0.2, "axis": 1}, binary, ROWS),
    ("BinaryFocalCrossentropy", {}, binary, SHAPES),
    ("BinaryFocalCrossentropy", {"from_logits": True, "gamma": 3.0}, binary_logits, ROWS),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 1.0}, binary, ROWS),
    ("BinaryFocalCrossentropy", {"label_smoothing": 0.1, "gamma": 0.0}, binary, ROWS),
    ("CategoricalCrossentropy", {}, one_hot, ROWS),
    ("CategoricalCrossentropy", {"from_logits": True}, one_hot_logits, ROWS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}, one_hot, ROWS),
    ("CategoricalCrossentropy", {"axis": 1}, classes_second, ROWS),
    ("CategoricalFocalCrossentropy", {}, one_hot, ROWS),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.5}, one_hot_logits, ROWS),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.1, "alpha": 0.5, "gamma": 0.0}, one_hot, ROWS),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4]}, one_hot, ROWS),
    ("CategoricalFocalCrossentropy", {"axis": 1}, classes_second, ROWS),
    ("SparseCategoricalCrossentropy", {}, sparse, ROWS),
    ("SparseCategoricalCrossentropy", {}, sparse_columns, ROWS),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse_logits, ROWS),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0}, sparse, ROWS),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2, "from_logits": True}, sparse_logits, ROWS),
    ("SparseCategoricalCrossentropy", {"axis": 1}, sparse, []),
    ("CategoricalGeneralizedCrossEntropy", {}, sparse, MATRIX),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, sparse, ROWS),
    ("Dice", {}, binary, ROWS),
    ("Dice", {"axis": (1, 2)}, binary, ROWS),
    ("Tversky", {}, binary, ROWS),
    ("Tversky", {"alpha": 0.3, "beta": 0.7, "axis": (1, 2)}, binary, ROWS),
    ("CTC", {}, sequences, [(4, 4, 4)]),
    ("Circle", {}, embeddings, MATRIX),
    ("Circle", {"gamma": 2.0, "margin": 0.25, "remove_diagonal": False}, embeddings, MATRIX),
]
EACH = [
    pytest.param(name, arguments, *(x.astype(np.float32) for x in data(shape)), id=f"{name}-{i}-{shape}")
    for i, (name, arguments, data, shapes) in enumerate(CASES)
    for shape in shapes
]

CLASSES = [
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CTC", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber",
    "KLDivergence", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky",
]  # fmt: skip
FUNCTIONS = [
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity", "ctc", "dice",
    "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "poisson", "sparse_categorical_crossentropy",
    "squared_hinge", "tversky",
]  # fmt: skip


@pytest.fixture(scope="module")
def keras() -> ModuleType:
    return pytest.importorskip("keras")


def weights_for(y, p, losses_shape):
    """No weights, one per sample, and one per value where that is something else."""
    yield None
    if losses_shape:
        yield RNG.uniform(0, 2, (losses_shape[0], *[1] * (len(losses_shape) - 1))).astype(np.float32)
    if len(losses_shape) > 1:
        yield RNG.uniform(0, 2, losses_shape).astype(np.float32)


def test_every_loss_has_a_case(keras: ModuleType) -> None:
    public = {name for name in dir(keras.losses) if not name.startswith("_")}
    assert public == {*CLASSES, *FUNCTIONS, "Loss", "get", "serialize", "deserialize"}
    assert {name for name, *_ in CASES} == set(CLASSES)
    for name in FUNCTIONS:
        assert name in losses.functions, name
    for name in public:
        assert name in losses.__all__, name


@pytest.mark.parametrize(("name", "arguments", "y", "p"), EACH)
def test_values(keras: ModuleType, name: str, arguments: dict, y: np.ndarray, p: np.ndarray) -> None:
    theirs, own = getattr(keras.losses, name), getattr(losses, name)
    per_value = np.asarray(theirs(**arguments, reduction=None)(y, p))
    for weights in weights_for(y, p, per_value.shape):
        reductions = ("sum_over_batch_size", "none")
        if name == "MeanSquaredError":
            reductions = ("sum_over_batch_size", "none", "sum", "mean", "mean_with_sample_weight")
        for reduction in reductions:
            if reduction == "mean_with_sample_weight" and weights is not None and weights.size != per_value.size:
                continue  # Keras counts weights that are spread over values once
            expected = theirs(**arguments, reduction=reduction)(y, p, sample_weight=weights)
            loss = own(**arguments, reduction=reduction)
            given = [y, p] if weights is None else [y, p, weights]
            np.testing.assert_allclose(loss(*given), expected, rtol=1e-5, atol=2e-6)
            if reduction == "sum_over_batch_size":
                np.testing.assert_allclose(run_traced(loss, *given), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "y", "p"), EACH)
def test_functions(keras: ModuleType, name: str, arguments: dict, y: np.ndarray, p: np.ndarray) -> None:
    function = getattr(losses, name)(**arguments).fn
    arguments = {"q": 0.5} if name == "CategoricalGeneralizedCrossEntropy" and not arguments else arguments
    expected = getattr(keras.losses, function.__name__)(y, p, **arguments)
    np.testing.assert_allclose(function(y, p, **arguments), np.asarray(expected), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "arguments", "y", "p"), EACH)
def test_gradients(keras: ModuleType, name: str, arguments: dict, y: np.ndarray, p: np.ndarray) -> None:
    jax = pytest.importorskip("jax")
    weights = np.linspace(0.5, 1.5, len(y), dtype=np.float32)
    theirs = getattr(keras.losses, name)(**arguments)
    rank = getattr(losses, name)(**arguments, reduction=None)(y, p).ndim
    weights = weights.reshape(-1, *[1] * (rank - 1)) if rank else np.float32(1)
    expected = jax.jit(jax.grad(lambda p: theirs(y, p, sample_weight=weights)))(p)
    with Trace() as trace:
        inputs = [
            trace.input(key, (None, *x.shape[1:]) if x.ndim else ())
            for key, x in zip("ypw", (y, p, weights), strict=True)
        ]
        [gradient] = trace.gradients(getattr(losses, name)(**arguments)(*inputs), [inputs[1]])
    [result] = trace.program(inputs, [gradient]).run([y, p, weights])
    np.testing.assert_allclose(result, expected, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("arguments", [{}, {"gamma": 10.0, "margin": 0.25, "remove_diagonal": False}], ids=str)
def test_training_with_circle(keras: ModuleType, arguments: dict) -> None:
    """The last batch is smaller, and one class has a single sample."""
    random = np.random.default_rng(1)
    x, start = random.normal(size=(19, 4)).astype(np.float32), random.normal(size=(4, 3)).astype(np.float32)
    y, weights = np.append(np.arange(18) % 3, 3), random.uniform(0.5, 2, 19).astype(np.float32)

    def trained(library: ModuleType) -> list:
        layers = library.layers
        model = library.Sequential([layers.Input((4,)), layers.Dense(3, use_bias=False), layers.UnitNormalization()])
        model.set_weights([start])
        model.compile(library.optimizers.SGD(1e-3), loss=library.losses.Circle(**arguments))
        given = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}
        seen = [model.fit(x, y, sample_weight=weights, **given).history["loss"]]
        seen += [model.fit(x, y[:, None].astype(np.float32), **given).history["loss"]]
        seen += [model.train_on_batch(x[:5], y[:5]), model.evaluate(x, y, batch_size=8, verbose=0)]
        seen += [model.evaluate(x, y, sample_weight=weights, verbose=0), *model.get_weights()]
        return seen

    for own, expected in zip(trained(ravine), trained(keras), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), [(name, arguments) for name, arguments, *_ in CASES])
def test_configurations(keras: ModuleType, name: str, arguments: dict) -> None:
    for more in ({}, {"reduction": "sum", "name": "mine"}):
        theirs, own = getattr(keras.losses, name)(**arguments, **more), getattr(losses, name)(**arguments, **more)
        config = own.get_config()
        assert {key: config[key] for key in theirs.get_config()} == theirs.get_config()
        lost_by_keras = set(config) - set(theirs.get_config())
        assert lost_by_keras <= {"delta", "axis"} & set(arguments)
        twin = keras.saving.deserialize_keras_object(losses.serialize(own))
        assert (type(twin), twin.get_config()) == (type(theirs), theirs.get_config())
        back = losses.deserialize(keras.losses.serialize(theirs))
        assert (type(back), back.name, back.reduction) == (type(own), own.name, own.reduction)
        again = losses.deserialize(losses.serialize(own))
        assert json.dumps(again.get_config()) == json.dumps(config)  # a tuple may come back as a list


def test_names(keras: ModuleType) -> None:
    from keras.src.losses import ALL_OBJECTS_DICT

    for name, found in ALL_OBJECTS_DICT.items():
        if name in ("Loss", "LossFunctionWrapper"):
            continue
        own = losses.get(name)
        assert (type(own).__name__ if isinstance(found, type) else own.__name__) == found.__name__
    wrapped = losses.LossFunctionWrapper(losses.huber, name="h", delta=2.0)
    assert losses.deserialize(losses.serialize(wrapped)).get_config() == wrapped.get_config()
