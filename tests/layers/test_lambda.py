"""Lambda: what it computes, hands on and writes into configurations."""

import json

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops, saving

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@saving.register_keras_serializable()
def scaled(x, factor=2.0):
    return x * factor


def unregistered(x):
    return ops.square(x)


def test_functions_arguments_and_modes() -> None:
    np.testing.assert_array_equal(layers.Lambda(lambda x: x + 1)(X), X + 1)
    np.testing.assert_array_equal(layers.Lambda(scaled, arguments={"factor": 3.0})(X), 3 * X)
    layer = layers.Lambda(lambda x, training: x * (2.0 if training else 1.0))
    np.testing.assert_array_equal(layer(X, training=True), 2 * X)
    np.testing.assert_array_equal(layer(X), X)
    masked = layers.Lambda(lambda x, mask=None: x if mask is None else ops.where(mask, x, 0.0))
    np.testing.assert_array_equal(masked(X, mask=X > 2), np.where(X > 2, X, 0))
    np.testing.assert_array_equal(layers.Lambda(lambda xs: xs[0] - xs[1])([X, X]), 0 * X)


def test_output_shape() -> None:
    first = lambda x: x[:, :1]  # noqa: E731
    assert layers.Lambda(first).compute_output_shape((None, 3)) == (None, 1)
    assert layers.Lambda(first, output_shape=(1,)).compute_output_shape((None, 3)) == (None, 1)
    assert layers.Lambda(first, output_shape=lambda s: (s[0], 1)).compute_output_shape((7, 3)) == (7, 1)


def test_trains_in_a_model_and_clones() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Lambda(unregistered)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))


def test_named_functions_are_found_again() -> None:
    config = json.loads(json.dumps(layers.serialize(layers.Lambda(scaled, arguments={"factor": 3.0}, name="triple"))))
    assert config["config"]["function"]["config"] == "Custom>scaled"
    twin = layers.deserialize(config)
    np.testing.assert_array_equal(twin(X), 3 * X)
    config = layers.serialize(layers.Lambda(unregistered))
    with pytest.raises(ValueError, match=r"Unknown function 'unregistered'.*register_keras_serializable"):
        layers.deserialize(config)
    np.testing.assert_array_equal(layers.deserialize(config, {"unregistered": unregistered})(X), X**2)


def test_code_is_refused() -> None:
    with pytest.warns(UserWarning, match="byte code"):
        config = layers.serialize(layers.Lambda(lambda x: x + 1, name="plus"))
    with pytest.raises(ValueError, match=r"Lambda 'plus'.*safe_mode=False"):
        layers.deserialize(config)
    with pytest.raises(TypeError, match="`function` to be callable, received 3"):
        layers.Lambda(3)
