"""Dense, Flatten, Reshape, Rescaling, inputs and the activation layers."""

import numpy as np
import pytest

from ravine import layers, ops
from ravine.ops import Trace
from ravine.tensor import KerasTensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5)).astype(np.float32)
POINTS = np.array([[-3, -1, -0.5, 0.5, 1, 3]], np.float32)


@pytest.mark.parametrize("shape", [(4, 5), (2, 3, 5), (2, 3, 2, 5)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(shape: tuple, use_bias: bool) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    layer = layers.Dense(7, activation="tanh", use_bias=use_bias, bias_initializer="random_normal")
    y = layer(x)
    kernel, bias = layer.kernel.numpy().astype(float), layer.bias.numpy() if use_bias else 0
    np.testing.assert_allclose(y, np.tanh(x @ kernel + bias), rtol=1e-5, atol=1e-6)
    assert [v.name for v in layer.weights] == ["kernel", "bias"][: 1 + use_bias]


def test_dense_with_a_layer_as_activation() -> None:
    layer = layers.Dense(5, activation=layers.LeakyReLU(alpha=0.2), kernel_initializer="identity")
    np.testing.assert_allclose(layer(X), np.where(X > 0, X, 0.2 * X), rtol=1e-6)
    assert layer.get_config()["activation"]["class_name"] == "LeakyReLU"


def test_dense_gradients() -> None:
    layer = layers.Dense(3, activation="sigmoid")
    layer.build((None, 5))
    trace = Trace()
    with trace:
        x = trace.input("x", (None, 5))
        gradients = trace.gradients(ops.sum(layer(x)), layer.trainable_weights)
    d_kernel, d_bias = trace.program([x], gradients).run([X])
    y = 1 / (1 + np.exp(-(X.astype(float) @ layer.kernel.numpy())))
    slope = y * (1 - y)
    np.testing.assert_allclose(d_kernel, X.T @ slope, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(d_bias, slope.sum(0), rtol=1e-5)


def test_dense_errors() -> None:
    layer = layers.Dense(3, name="fc1")
    layer.build((None, 128))
    with pytest.raises(ValueError, match=r"^Dense 'fc1': expected last dimension 128, received shape \(32, 64\)\.$"):
        layer(np.zeros((32, 64)))
    with pytest.raises(ValueError, match=r"Dense 'fc2': expected input of rank 2 or more, received shape \(3,\)"):
        layers.Dense(3, name="fc2")(np.zeros(3))
    with pytest.raises(ValueError, match="`units` to be a positive integer, received 0"):
        layers.Dense(0)
    with pytest.raises(ValueError, match="`lora_rank` is not supported"):
        layers.Dense(3, lora_rank=4)


def test_dense_config_keys() -> None:
    assert list(layers.Dense(3).get_config()) == [
        "name", "trainable", "dtype", "units", "activation", "use_bias", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint", "quantization_config",
    ]  # fmt: skip


def test_flatten() -> None:
    images = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(layers.Flatten()(images), images.reshape(2, 60))
    expected = images.transpose(0, 2, 3, 1).reshape(2, 60)
    np.testing.assert_array_equal(layers.Flatten("channels_first")(images), expected)
    assert layers.Flatten()(np.zeros(3)).shape == (3, 1)
    assert layers.Flatten().compute_output_shape((None, 28, 28)) == (None, 784)
    with pytest.warns(UserWarning, match="input_shape.*keras.Input"):
        assert layers.Flatten(input_shape=[28, 28])._input_shape_arg == (28, 28)
    with pytest.raises(ValueError, match="'channels_last' or 'channels_first', received 'sideways'"):
        layers.Flatten("sideways")


def test_reshape() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 12)
    np.testing.assert_array_equal(layers.Reshape((3, -1))(x), x.reshape(2, 3, 4))
    assert layers.Reshape((-1, 6)).compute_output_shape((None, 12)) == (None, 2, 6)
    with pytest.raises(ValueError, match=r"Reshape 'r': target_shape \(5, 2\) does not fit the 12 values"):
        layers.Reshape((5, 2), name="r")(x)
    with pytest.raises(ValueError, match="only one size may be -1"):
        layers.Reshape((-1, -1))


def test_rescaling() -> None:
    x = np.array([[0, 255, 51]], np.uint8)
    np.testing.assert_allclose(layers.Rescaling(1 / 127.5, offset=-1)(x), [[-1, 1, -0.6]], atol=1e-6)
    np.testing.assert_allclose(layers.Rescaling([1, 2, 3], offset=[1, 0, 0])(x), [[1, 510, 153]])
    assert layers.Rescaling([1, 2]).get_config()["scale"] == [1, 2]


def test_input() -> None:
    tensor = layers.Input((28, 28), name="images")
    assert isinstance(tensor, KerasTensor)
    assert (tensor.shape, tensor.dtype, tensor.name) == ((None, 28, 28), "float32", "images")
    assert layers.Input(shape=5, batch_size=3).shape == (3, 5)
    assert layers.Input(batch_shape=(None, 2), dtype="uint8").dtype == "uint8"
    with pytest.raises(ValueError, match="either `shape` or `batch_shape`"):
        layers.Input()
    with pytest.raises(ValueError, match="`sparse` is not supported"):
        layers.Input((3,), sparse=True)


def test_input_layer() -> None:
    for arguments in ({"shape": [28, 28]}, {"input_shape": (28, 28)}, {"batch_shape": (None, 28, 28)}):
        layer = layers.InputLayer(**arguments)
        assert layer.batch_shape == (None, 28, 28)
        assert layer.built
    assert layers.InputLayer([28, 28]).batch_shape == (None, 28, 28)
    config = layers.InputLayer((3,), name="i").get_config()
    assert config == {
        "batch_shape": (None, 3), "dtype": "float32", "sparse": False, "ragged": False, "name": "i", "optional": False,
    }  # fmt: skip
    assert layers.InputLayer.from_config(config).batch_shape == (None, 3)
    np.testing.assert_array_equal(layers.InputLayer((5,))(X), X)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Activation("relu"), [0, 0, 0, 0.5, 1, 3]),
        (layers.Activation(ops.tanh), np.tanh(POINTS[0])),
        (layers.ReLU(), [0, 0, 0, 0.5, 1, 3]),
        (layers.ReLU(max_value=2, negative_slope=0.1, threshold=1), [-0.4, -0.2, -0.15, -0.05, 0, 2]),
        (layers.LeakyReLU(), [-0.9, -0.3, -0.15, 0.5, 1, 3]),
        (layers.LeakyReLU(alpha=0.2), [-0.6, -0.2, -0.1, 0.5, 1, 3]),
        (layers.ELU(), [-0.9502130, -0.6321206, -0.3934693, 0.5, 1, 3]),
        (layers.ELU(0.5), [-0.4751065, -0.3160603, -0.1967347, 0.5, 1, 3]),
        (layers.PReLU(), [0, 0, 0, 0.5, 1, 3]),
        (layers.PReLU(alpha_initializer=0.25 * np.ones(6)), [-0.75, -0.25, -0.125, 0.5, 1, 3]),
        (layers.Softmax(), np.exp(POINTS[0]) / np.exp(POINTS[0]).sum()),
    ],
)
def test_activation_layers(layer: layers.Layer, expected: list) -> None:
    np.testing.assert_allclose(layer(POINTS)[0], expected, rtol=1e-6, atol=1e-7)
    assert layer.compute_output_shape((None, 6)) == (None, 6)


def test_activation_layer_configs_and_errors() -> None:
    for layer in (
        layers.Activation("selu"), layers.ReLU(2, 0.1, 1), layers.LeakyReLU(0.1), layers.ELU(0.5), layers.Softmax(1),
        layers.PReLU(shared_axes=[1]), layers.Flatten(), layers.Reshape((2, 3)), layers.Rescaling(2.0, 1.0),
        layers.Dropout(0.5, seed=3), layers.BatchNormalization(axis=1, scale=False),
    ):  # fmt: skip
        twin = layers.deserialize(layers.serialize(layer))
        assert (type(twin), twin.get_config()) == (type(layer), layer.get_config())
    with pytest.raises(ValueError, match="`negative_slope` to be 0 or more, received -1"):
        layers.LeakyReLU(-1)


def test_prelu_shapes() -> None:
    for shape, shared, expected in (((None, 5, 4), None, (5, 4)), ((None, 8, 8, 3), [1, 2], (1, 1, 3))):
        layer = layers.PReLU(shared_axes=shared)
        layer.build(shape)
        assert layer.alpha.shape == expected
        assert not layer.alpha.numpy().any()


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_category_encoding_does_not_count_along_the_batch(mode: str) -> None:
    layer = layers.CategoryEncoding(3, mode)
    with pytest.raises(ValueError, match=r"only that of the batch.*one_hot"):
        layer(layers.Input(()))
    assert layer([2, 0]).shape == (3,)
    assert layers.CategoryEncoding(3, "one_hot")(layers.Input(())).shape == (None, 3)
