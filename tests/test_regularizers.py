"""Regularizers and constraints: numbers of Keras 3.15, names, errors."""

import numpy as np
import pytest
from tracing import gradient_of, run_traced

import ravine as keras
from ravine import constraints, initializers, layers, ops, regularizers, saving

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


def test_a_layer_says_where_its_inputs_lie() -> None:
    """For the kernel of a convolution, (height, width, inputs, outputs), a norm is that of one unit's weights."""
    kernel = np.ones((3, 3, 4, 2), np.float32)
    for open_axis in ("max_norm", constraints.MaxNorm(2), {"class_name": "MaxNorm", "config": {"max_value": 2}}):
        found = constraints.get(open_axis, input_axes=(0, 1, 2))
        np.testing.assert_allclose(found(kernel), kernel / 3, rtol=1e-5)
        assert found.get_config() == {"max_value": 2, "axis": [0, 1, 2]}
    given = constraints.MaxNorm(2, axis=0)
    assert constraints.get(given, input_axes=(0, 1, 2)) is given
    open_axis = constraints.UnitNorm()
    assert constraints.get(open_axis) is open_axis
    assert open_axis.get_config() == {"axis": 0}
    assert type(open_axis.get_config()["axis"]) is int
    assert constraints.get("non_neg", input_axes=(0, 1)).get_config() == {}


def test_orthogonal_regularizer() -> None:
    for mode in ("rows", "columns"):
        assert float(regularizers.OrthogonalRegularizer(mode=mode)(np.eye(4))) == 0
        assert float(regularizers.OrthogonalRegularizer(0.5, mode)(np.ones((3, 3)))) == pytest.approx(0.5)
    assert float(regularizers.OrthogonalRegularizer()(np.ones((1, 3)))) == 0
    with pytest.raises(ValueError, match=r"expected a matrix, received shape \(2, 2, 2\)"):
        regularizers.OrthogonalRegularizer()(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="`mode` to be 'rows' or 'columns', received 'row'"):
        regularizers.OrthogonalRegularizer(mode="row")


@saving.register_keras_serializable()
class Odd(regularizers.Regularizer):
    def __call__(self, x):
        return ops.sum(ops.power(ops.absolute(x), 3.0))

    def get_config(self):
        return {}


@saving.register_keras_serializable()
def halved(w):
    return w * 0.5


@saving.register_keras_serializable()
def total(b):
    return ops.sum(b)


def test_own_classes_and_functions_train_and_come_back() -> None:
    layer = layers.Dense(2, kernel_regularizer=Odd(), bias_regularizer=total, kernel_constraint=halved)
    layer.build((None, 2))
    kernel = layer.kernel.numpy()
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.zeros((4, 2), np.float32)
    loss = model.train_on_batch(x, x)
    assert loss == pytest.approx((np.abs(kernel) ** 3).sum(), rel=1e-5)
    slope = 3 * kernel**2 * np.sign(kernel)
    np.testing.assert_allclose(layer.kernel.numpy(), 0.5 * (kernel - 0.1 * slope), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(layer.bias.numpy(), [-0.1, -0.1], rtol=1e-6)
    twin = layers.Dense.from_config(layer.get_config())
    assert twin.bias_regularizer is total
    assert isinstance(twin.kernel_regularizer, Odd)
    assert twin.kernel_constraint is halved
    assert isinstance(regularizers.get("Custom>Odd"), Odd)
    assert constraints.get("Custom>halved") is halved


def test_max_norm_holds_after_every_step() -> None:
    layer = layers.Dense(
        3, kernel_constraint="max_norm", kernel_initializer=initializers.RandomNormal(stddev=5, seed=1)
    )
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    assert np.linalg.norm(layer.kernel, axis=0).max() > 2
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))
    np.testing.assert_allclose(np.linalg.norm(layer.kernel, axis=0), 2, rtol=1e-5)


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
    with pytest.raises(ValueError, match="finite, non-negative `l1`, received 'a'"):
        regularizers.L1("a")


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize(
    "penalty", [keras.regularizers.L1(0.3), keras.regularizers.L2(0.3), keras.regularizers.L1L2(0.3, 0.2)]
)
def test_a_step_with_a_penalty(normalized: bool, penalty: keras.regularizers.Regularizer) -> None:
    def step(regularizer: keras.regularizers.Regularizer | None) -> tuple[np.ndarray, np.ndarray]:
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(40, kernel_regularizer=regularizer)
        model = keras.Sequential([keras.layers.Input((60,))])
        if normalized:
            model.add(keras.layers.BatchNormalization())
        model.add(dense)
        model.compile(keras.optimizers.SGD(0.1), loss="mse")
        before = dense.kernel.numpy()
        model.train_on_batch(x, y)
        return before, dense.kernel.numpy()

    random = np.random.default_rng(0)
    x, y = random.normal(size=(32, 60)).astype(np.float32), random.normal(size=(32, 40)).astype(np.float32)
    w, plain = step(None)
    _, penalized = step(penalty)
    slope = getattr(penalty, "l1", 0.0) * np.sign(w) + 2 * getattr(penalty, "l2", 0.0) * w
    np.testing.assert_allclose(penalized, plain - 0.1 * slope, atol=1e-6)
