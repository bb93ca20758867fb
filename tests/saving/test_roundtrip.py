"""What is saved comes back: the same outputs, and the same training from there on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import X, Y, graph, network, train, train_graph

import ravine
from ravine import layers, ops

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

OPTIMIZERS = sorted(
    name
    for name in ravine.optimizers.__all__
    if isinstance(getattr(ravine.optimizers, name), type)
    and issubclass(getattr(ravine.optimizers, name), ravine.optimizers.Optimizer)
    and name not in ("Optimizer", "MultiOptimizer", "LossScaleOptimizer")
)


def assert_same_weights(one: Any, other: Any) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


def assert_same_optimizers(one: Any, other: Any) -> None:
    for a, b in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_bit_for_bit(tmp_path: Path, optimizer: str, suffix: str) -> None:
    model = network(ravine, optimizer, dropout=0.3 if suffix == ".keras" else 0.0)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    twin = ravine.models.load_model(path)
    assert twin.get_compile_config()["optimizer"] == model.get_compile_config()["optimizer"]
    assert train(twin, 2) == train(model, 2)
    assert_same_weights(model, twin)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5", ".safetensors"])
def test_weights_alone(tmp_path: Path, suffix: str) -> None:
    """With the state of the optimizer, for a model that is compiled but not trained yet."""
    model, other = network(ravine, dropout=0.3), network(ravine, None, dropout=0.3)
    other.compile(ravine.optimizers.Adam(0.5), loss="mse")
    path = tmp_path / f"model{suffix}"
    (model.save if suffix == ".keras" else model.save_weights)(path)
    other.load_weights(path)
    assert_same_weights(model, other)
    assert_same_optimizers(model, other)
    assert train(other) == train(model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_of_keras_and_back(keras, tmp_path: Path, optimizer: str) -> None:
    if not hasattr(keras.optimizers, optimizer):
        pytest.skip("not in Keras")
    model = network(ravine, optimizer)
    path = str(tmp_path / "model.keras")
    model.save(path)
    theirs = keras.models.load_model(path)
    assert_same_weights(model, theirs)
    assert_same_optimizers(model, theirs)
    theirs.save(path)
    back = ravine.models.load_model(path)
    assert_same_optimizers(model, back)
    assert train(back) == train(model)


def test_training_goes_on_in_the_other_library(keras, tmp_path: Path) -> None:
    for writer, reader in ((keras, ravine), (ravine, keras)):
        model = network(writer)
        path = str(tmp_path / "model.keras")
        model.save(path)
        twin = reader.models.load_model(path)
        np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(train(twin, 2), train(model, 2), rtol=1e-5)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_graphs_with_several_ends(keras, tmp_path: Path, suffix: str) -> None:
    """Two inputs, a shared layer, a model inside, two outputs with losses of their own."""
    for writer, reader in ((ravine, ravine), (ravine, keras), (keras, ravine)):
        model = graph(writer)
        if writer is ravine:
            train_graph(model)
        path = str(tmp_path / f"model{suffix}")
        model.save(path)
        trained = suffix == ".keras" or reader is ravine  # Keras does not restore optimizers from `.h5`
        twin = reader.models.load_model(path, compile=trained)
        assert_same_weights(model, twin)
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        if writer is reader:
            assert train_graph(twin) == train_graph(model)
        elif trained:
            assert_same_optimizers(model, twin)


@pytest.mark.parametrize("writer", ["keras", "ravine"])
def test_operations(keras, tmp_path: Path, writer: str) -> None:
    """Arithmetic and functions of keras.ops between the layers of a graph."""
    module = keras if writer == "keras" else ravine
    f, (x, z) = module.ops, (module.Input((4,)), module.Input((4,)))
    first, last = f.split(1.0 - x * 2.0, 2, axis=1)
    y = f.where(x > 0.5, x, -z)[:, 1:3] ** 2 / (f.abs(first) + 1)
    y = f.concatenate([y, f.mean(z, axis=1, keepdims=True), last, z[:, 0, None]], axis=-1)
    y = f.maximum(module.activations.relu(f.nanpercentile(y, 30.0, axis=1, keepdims=True), max_value=2.0), y)
    y = f.exp(f.where(y < -1.0, -np.inf, f.rms_normalization(y))) + f.isin(f.round(y), [0, 1])
    y = f.matmul(module.activations.gelu(y, approximate=True), np.ones((6, 3), np.float32))
    y = f.einsum("ab,ab->ab", y, y)
    model = module.Model([x, z], module.layers.Dense(2)(f.reshape(y, (-1, 3))))
    path, inputs = str(tmp_path / "model.keras"), [X, X[::-1].copy()]
    model.save(path)
    expected = model.predict(inputs, verbose=0)
    for reader in (ravine, ravine, keras, ravine):
        twin = reader.models.load_model(path)
        np.testing.assert_allclose(twin.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-4)
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        twin.save(path)
    clone = ravine.models.clone_model(ravine.models.load_model(path))
    clone.set_weights(model.get_weights())
    np.testing.assert_allclose(clone.predict(inputs, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_operations_that_are_not_here(keras, tmp_path: Path) -> None:
    x = keras.Input((4,))
    keras.Model(x, keras.ops.bitwise_not(keras.ops.cast(x, "int32"))).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"keras\.ops\.bitwise_not is not in ravine\.ops"):
        ravine.models.load_model(tmp_path / "model.keras")


def test_a_layer_in_two_places_stays_one(keras, tmp_path: Path) -> None:
    for writer, reader in ((ravine, ravine), (ravine, keras), (keras, ravine)):
        inner = writer.layers.Dense(6, name="inner")
        x = writer.Input((5, 6))
        model = writer.Model(x, writer.layers.TimeDistributed(inner)(inner(x)))
        path = str(tmp_path / "model.keras")
        model.save(path)
        twin = reader.models.load_model(path)
        assert len(twin.weights) == len(model.weights) == 2
        assert twin.get_layer("inner") is twin.layers[-1].layer
        assert_same_weights(model, twin)


class Blocks(ravine.Model):
    """Layers in attributes, private ones, lists of lists and dictionaries; some twice."""

    def __init__(self, units: int = 3):
        super().__init__()
        self._first = layers.Dense(units)
        self.blocks = [layers.Dense(units), [layers.Dense(units), layers.BatchNormalization()]]
        self.heads = {"b": layers.Dense(2), "a": layers.Dense(2)}
        self.z_last = layers.Dense(2)
        self.alias = self.blocks[0]
        self.sizes = [1, [2, 3]]
        self.offset = self.add_weight(shape=(2,), initializer="ones", name="offset")

    @property
    def entry(self) -> layers.Layer:
        return self._first

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.alias(self._first(inputs))
        for layer in self.blocks[1]:
            x = layer(x)
        return self.z_last(self.heads["a"](x) + self.heads["b"](x)) + self.offset


def trained_blocks() -> Blocks:
    model = Blocks()
    model.compile("adam", "mse")
    train(model)
    return model


@pytest.mark.parametrize("suffix", [".weights.h5", ".safetensors"])
def test_weights_of_a_subclass(tmp_path: Path, suffix: str) -> None:
    model, other = trained_blocks(), Blocks()
    other.build((None, 4))
    path = tmp_path / f"model{suffix}"
    model.save_weights(path)
    other.load_weights(path)
    assert_same_weights(model, other)


def test_weights_of_a_subclass_lie_where_keras_looks(keras, tmp_path: Path) -> None:
    source = trained_blocks()
    source.save_weights(tmp_path / "own.weights.h5")

    class Theirs(keras.Model):
        def __init__(self):
            super().__init__()
            dense = keras.layers.Dense
            self._first = dense(3)
            self.blocks = [dense(3), [dense(3), keras.layers.BatchNormalization()]]
            self.heads = {"b": dense(2), "a": dense(2)}
            self.z_last = dense(2)
            self.alias = self.blocks[0]
            self.sizes = [1, [2, 3]]
            self.offset = self.add_weight(shape=(2,), initializer="ones", name="offset")

        @property
        def entry(self):
            return self._first

        def call(self, inputs):
            x = self.alias(self._first(inputs))
            for layer in self.blocks[1]:
                x = layer(x)
            return self.z_last(self.heads["a"](x) + self.heads["b"](x)) + self.offset

    theirs = Theirs()
    theirs(X)
    theirs.load_weights(tmp_path / "own.weights.h5")
    np.testing.assert_allclose(np.asarray(theirs(X)), source.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    theirs.save_weights(str(tmp_path / "theirs.weights.h5"))
    back = Blocks()
    back.build((None, 4))
    back.load_weights(tmp_path / "theirs.weights.h5")
    assert_same_weights(back, source)


def test_whole_subclasses(tmp_path: Path) -> None:
    model = trained_blocks()
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(ValueError, match=r"Unknown model 'Blocks'.*custom_objects"):
        ravine.models.load_model(path)
    twin = ravine.models.load_model(path, custom_objects={"Blocks": Blocks})
    assert_same_optimizers(model, twin)
    assert train(twin) == train(model)


@ravine.saving.register_keras_serializable(package="tests")
class Shifted(layers.Layer):
    """A layer with state that it saves in its own way."""

    def __init__(self, shift: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.shift = shift
        self.total = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        return inputs + self.shift + self.total

    def get_config(self) -> dict:
        return {**super().get_config(), "shift": self.shift}

    def save_own_variables(self, store: Any) -> None:
        store["total"] = self.total.numpy() + 1

    def load_own_variables(self, store: Any) -> None:
        assert list(store.keys()) == ["total"]
        self.total.assign(store["total"][()] - 1)


@ravine.saving.register_keras_serializable(package="tests")
def far(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.abs(y_true - y_pred), -1)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_registered_classes_and_functions(tmp_path: Path, suffix: str) -> None:
    model = ravine.Sequential([layers.Input((4,)), Shifted(3.0), layers.Dense(2)])
    model.layers[0].total.assign(5.0)
    model.compile("sgd", loss=far, metrics=[far, ravine.metrics.MeanSquaredError(name="err")], weighted_metrics=["mae"])
    train(model)
    model.save(tmp_path / f"model{suffix}")
    twin = ravine.models.load_model(tmp_path / f"model{suffix}")
    assert twin.layers[0].shift == 3.0
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert twin.evaluate(X, Y, verbose=0, return_dict=True) == model.evaluate(X, Y, verbose=0, return_dict=True)


def test_uncompiled_and_untrained_models(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    network(ravine, None).save(path)
    assert not ravine.models.load_model(path).compiled
    model = network(ravine, None)
    model.compile(ravine.optimizers.Adam(0.25), "mse")
    model.save(path)
    twin = ravine.models.load_model(path)
    assert float(twin.optimizer.learning_rate) == 0.25
    assert not ravine.models.load_model(path, compile=False).compiled
    assert train(twin) == train(model)


def test_a_model_that_is_not_built(tmp_path: Path) -> None:
    model = ravine.Sequential([layers.Dense(3)])
    with pytest.raises(ValueError, match="needs a built model"):
        model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ValueError, match="needs a built model"):
        model.load_weights(tmp_path / "model.weights.h5")
    with pytest.warns(UserWarning, match="before it is built"):
        model.save(tmp_path / "model.keras")
    assert ravine.models.load_model(tmp_path / "model.keras").layers[0].units == 3


def test_files_in_memory() -> None:
    import io

    model, file = network(ravine), io.BytesIO()
    model.save(file)
    file.seek(0)
    twin = ravine.models.load_model(file)
    assert train(twin) == train(model)


def test_loading_into_a_trained_model_takes_effect(tmp_path: Path) -> None:
    """Programs that were traced before see the weights, and the random streams, of the file."""
    model, other = network(ravine, dropout=0.5), network(ravine, dropout=0.5)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    assert train(other) == train(model)
