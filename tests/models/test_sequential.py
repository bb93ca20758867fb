"""Sequential: building, shapes, names and configuration."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers


def test_an_input_builds_at_once() -> None:
    for first in (layers.Input((4,)), layers.Input(shape=(4,)), layers.InputLayer(shape=(4,)), keras.Input((4,))):
        model = keras.Sequential([first, layers.Dense(2), layers.Dense(3)])
        assert model.built
        assert model.input_shape == (None, 4)
        assert model.output_shape == (None, 3)
        assert len(model.layers) == 2
        assert model.count_params() == 4 * 2 + 2 + 2 * 3 + 3


def test_without_an_input_the_first_data_builds() -> None:
    model = keras.Sequential([layers.Dense(2), layers.Dense(3)])
    assert not model.built
    with pytest.raises(AttributeError, match="not built"):
        _ = model.output_shape
    model(np.zeros((5, 4), np.float32))
    assert model.built
    assert model.input_shape == (None, 4)
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 7))
    assert model.get_weights()[0].shape == (7, 2)


def test_input_shape_of_the_first_layer_builds() -> None:
    with pytest.warns(UserWarning):
        first = layers.Flatten(input_shape=[28, 28])
    model = keras.Sequential([first, layers.Dense(10)])
    assert model.built
    assert model.input_shape == (None, 28, 28)
    assert model.output_shape == (None, 10)


def test_add_and_pop() -> None:
    model = keras.Sequential()
    model.add(layers.Input((4,)))
    model.add(layers.Dense(8))
    assert model.built
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    assert model.pop().units == 2
    assert model.output_shape == (None, 8)
    assert model.predict(np.zeros((1, 4)), verbose=0).shape == (1, 8)


def test_sharing_the_layers_of_another_model() -> None:
    first = keras.Sequential([layers.Input((4,)), layers.Dense(8, name="a"), layers.Dense(2, name="b")])
    second = keras.Sequential(first.layers[:-1])
    second.add(layers.Dense(1, name="c"))
    assert second.predict(np.zeros((3, 4)), verbose=0).shape == (3, 1)
    assert second.layers[0] is first.layers[0]
    second.compile(optimizer="sgd", loss="mse")
    before = first.get_weights()[0]
    second.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    assert not np.array_equal(before, first.get_weights()[0])


def test_a_layer_may_be_in_it_several_times(tmp_path) -> None:
    shared, act = layers.Dense(4, name="shared"), layers.ReLU(name="act")
    model = keras.Sequential([layers.Input((4,)), shared, act, shared, act, layers.Dense(1)])
    assert (len(model.layers), len(model.weights), model.count_params()) == (5, 4, 25)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4))
    model.fit(x, x[:, 0], verbose=0)
    kernel, bias, *last = model.get_weights()
    hidden = np.maximum(np.maximum(x @ kernel + bias, 0) @ kernel + bias, 0)
    np.testing.assert_allclose(model.predict(x, verbose=0), hidden @ last[0] + last[1], atol=1e-5)
    model.save(tmp_path / "model.keras")
    for twin in (keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)):
        assert twin.layers[0] is twin.layers[2] and twin.layers[1] is twin.layers[3]
        twin.set_weights(model.get_weights())
        np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    model.pop()
    assert model.output_shape == (None, 4)


def test_names() -> None:
    keras.utils.clear_session()
    assert keras.Sequential().name == "sequential"
    assert keras.Sequential().name == "sequential_1"
    assert keras.Sequential(name="mine").name == "mine"


def test_freezing_a_model_freezes_its_layers() -> None:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(2), keras.Sequential([layers.Dense(3)])])
    model.trainable = False
    assert not model.trainable_weights
    assert not model.layers[1].layers[0].trainable
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_weights_can_be_read_and_set() -> None:
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.set_weights([np.array([[2.0], [3.0]]), np.array([1.0])])
    assert model.predict(np.array([[1.0, 1.0]]), verbose=0).item() == 6.0
    with pytest.raises(ValueError):
        model.set_weights([np.zeros((2, 1))])
    with pytest.raises(ValueError):
        model.set_weights([np.zeros((3, 1)), np.zeros(1)])


def test_the_configuration_makes_the_same_architecture() -> None:
    model = keras.Sequential(
        [layers.Input((4, 2)), layers.Flatten(), layers.Dense(3, activation="relu"), layers.BatchNormalization()],
        name="net",
    )
    config = model.get_config()
    assert list(config) == ["name", "trainable", "dtype", "layers", "build_input_shape"]
    assert [entry["class_name"] for entry in config["layers"]] == [
        "InputLayer",
        "Flatten",
        "Dense",
        "BatchNormalization",
    ]
    assert config["layers"][0]["config"]["batch_shape"] == (None, 4, 2)
    assert config["layers"][2]["module"] == "keras.layers"
    twin = keras.Sequential.from_config(config)
    assert twin.name == "net"
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert [w.shape for w in twin.weights] == [w.shape for w in model.weights]
    twin.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def test_calling_in_training_mode_drops_and_in_inference_mode_does_not() -> None:
    model = keras.Sequential([layers.Input((100,)), layers.Dropout(0.5)])
    x = np.ones((4, 100), np.float32)
    assert np.array_equal(model(x, training=False), x)
    first, second = model(x, training=True), model(x, training=True)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert not np.array_equal(first, second)


def test_a_user_layer_without_a_training_argument() -> None:
    class Double(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    model = keras.Sequential([layers.Input((3,)), Double(), layers.Dropout(0.5)])
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(model.predict(x, verbose=0), 2 * x)
