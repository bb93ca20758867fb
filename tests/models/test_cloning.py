"""clone_model."""

import numpy as np
import pytest

from ravine import Input, Model, Sequential, layers, metrics, ops, optimizers
from ravine.models import clone_model

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def test_sequential() -> None:
    model = Sequential([Input((4,)), layers.Dense(3, activation="relu", name="first"), layers.Dense(2)], name="m")
    twin = clone_model(model)
    assert type(twin) is Sequential and twin.name == "m" and twin.built and not twin.compiled
    assert [x.name for x in twin.layers] == [x.name for x in model.layers]
    assert twin.layers[0] is not model.layers[0]
    assert not np.array_equal(twin.get_weights()[0], model.get_weights()[0])
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin(X), model(X))
    unbuilt = clone_model(Sequential([layers.Dense(3)]))
    assert not unbuilt.built


def test_functional_keeps_sharing() -> None:
    x = Input((4,))
    shared = layers.Dense(4, activation="tanh")
    inner = Sequential([Input((4,)), layers.Dense(4)], name="inner")
    model = Model(x, {"y": inner(shared(shared(x)))}, name="f")
    model.layers[1].trainable = False
    twin = clone_model(model)
    assert len(twin.weights) == len(model.weights) == 4
    assert len(twin.trainable_weights) == len(model.trainable_weights)
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin(X)["y"], model(X)["y"])


def test_functions() -> None:
    model = Sequential([Input((4,)), layers.Dense(3), layers.Dropout(0.5)])

    def no_dropout(layer):
        return (
            layers.Activation("relu")
            if isinstance(layer, layers.Dropout)
            else type(layer).from_config(layer.get_config())
        )

    twin = clone_model(model, clone_function=no_dropout)
    assert isinstance(twin.layers[1], layers.Activation)
    same = clone_model(model, clone_function=lambda layer: layer)
    assert same.layers[0] is model.layers[0]
    outer = Sequential([Input((4,)), Sequential([layers.Dropout(0.2)]), layers.Dense(1)])
    assert isinstance(
        clone_model(outer, clone_function=no_dropout, recursive=True).layers[0].layers[0], layers.Activation
    )
    longer = clone_model(
        Model(model.inputs, model.outputs),
        call_function=lambda layer, x: layer(layer(x)) if x.shape == (None, 3) else layer(x),
    )
    assert len(longer.layers[-1]._inbound_nodes) == 2
    wide = clone_model(Sequential([layers.Dropout(0.1)]), input_tensors=Input((9,)))
    assert wide.input_shape == (None, 9)


def test_errors() -> None:
    with pytest.raises(TypeError, match="expected a model"):
        clone_model(layers.Dense(1))
    model = Sequential([Input((4,)), layers.Dense(3)])
    with pytest.raises(TypeError, match="clone_function returned 3"):
        clone_model(model, clone_function=lambda layer: 3)
    with pytest.raises(ValueError, match="expected 1 input tensors, received 2"):
        clone_model(Model(model.inputs, model.outputs), input_tensors=[Input((4,)), Input((4,))])


def test_the_clone_of_a_compiled_model_is_compiled() -> None:
    def own_loss(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    model = Sequential([Input((4,)), layers.Dense(1)])
    assert not clone_model(model).compiled
    model.compile(optimizers.Adam(0.02), own_loss, metrics=[metrics.MeanSquaredError()])
    model.fit(X, X[:, :1], verbose=0)
    twin = clone_model(model)
    assert twin.optimizer is not model.optimizer and int(twin.optimizer.iterations) == 0
    assert float(twin.optimizer.learning_rate) == float(np.float32(0.02))
    twin.set_weights(model.get_weights())
    assert twin.evaluate(X, X[:, :1], verbose=0) == model.evaluate(X, X[:, :1], verbose=0)
    before = model.get_weights()
    twin.fit(X, X[:, :1], verbose=0)
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
