"""The `.h5` files of Keras 2: whole models, weights by order and by name, configurations of tf.keras."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import X, network

import ravine
from ravine import layers
from ravine.saving import legacy_h5

h5py = pytest.importorskip("h5py")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(3)


def test_keras_writes_and_ravine_goes_on(keras, tmp_path: Path) -> None:
    model = network(keras, "Adam")
    path = str(tmp_path / "model.h5")
    model.save(path)
    twin = ravine.models.load_model(path)
    for own, theirs in zip(
        twin.weights + twin.optimizer.variables, model.weights + model.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(np.asarray(own), np.asarray(theirs), err_msg=theirs.path)
    assert int(twin.optimizer.iterations) == 3


def test_ravine_writes_and_keras_reads(keras, tmp_path: Path) -> None:
    model = network(ravine, "Adam")
    path = str(tmp_path / "model.h5")
    model.save(path)
    twin = keras.models.load_model(path)
    np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    assert twin.loss.__name__ == "mean_squared_error"
    for by_name in (False, True):
        twin = network(keras, None)
        twin.load_weights(path, by_name=by_name)
        for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_array_equal(own, other)


def test_without_the_optimizer(tmp_path: Path) -> None:
    model = network(ravine)
    model.save(tmp_path / "model.h5", include_optimizer=False)
    assert not ravine.models.load_model(tmp_path / "model.h5").compiled


def weights_file(path: Path, saved: dict[str, dict[str, np.ndarray]], **attributes: Any) -> Path:
    """A file as Keras 1 and 2 wrote it: the order of the layers, and in each that of its weights."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in saved]
        file.attrs.update(attributes)
        for name, weights in saved.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = np.asarray([key.encode() for key in weights], "S100")
            for key, values in weights.items():
                group.create_dataset(key, data=values)
    return path


def pretrained(path: Path) -> tuple[Path, list[np.ndarray]]:
    """As VGG16's files are: names that say nothing to us, and layers without weights in between."""
    arrays = [RNG.normal(size=shape).astype(np.float32) for shape in ((4, 5), (5,), (5, 3), (3,))]
    saved = {
        "input_1": {},
        "block1_fc1": {"block1_fc1_W_1:0": arrays[0], "block1_fc1_b_1:0": arrays[1]},
        "block1_pool": {},
        "predictions": {"predictions_W_1:0": arrays[2], "predictions_b_1:0": arrays[3]},
    }
    return weights_file(path, saved), arrays


def stack(*names: str, last: int = 3) -> ravine.Sequential:
    first, second = names or (None, None)
    return ravine.Sequential(
        [layers.Input((4,)), layers.Dense(5, name=first), layers.ReLU(), layers.Dense(last, name=second)]
    )


def test_weights_by_order(tmp_path: Path) -> None:
    path, arrays = pretrained(tmp_path / "vgg.h5")
    model = stack()
    model.load_weights(path)
    for own, saved in zip(model.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(own, saved)


def test_weights_by_name(tmp_path: Path) -> None:
    path, arrays = pretrained(tmp_path / "vgg.h5")
    model = stack("predictions_new", "predictions")
    before = model.get_weights()
    model.load_weights(path, by_name=True)
    for own, expected in zip(model.get_weights(), [*before[:2], *arrays[2:]], strict=True):
        np.testing.assert_array_equal(own, expected)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    path, arrays = pretrained(tmp_path / "vgg.h5")
    with pytest.raises(ValueError, match=r"weights for 2 layers, .* has 1 layers with weights"):
        ravine.Sequential([layers.Input((4,)), layers.Dense(5)]).load_weights(path)
    model = stack("a", "b", last=7)
    before = model.get_weights()
    message = r"Dense 'b' \(in .*'predictions'\): expected 'kernel' of shape \(5, 7\), the file has shape \(5, 3\)"
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    for own, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, expected)
    with pytest.warns(UserWarning, match="Left as it is"):
        model.load_weights(path, skip_mismatch=True)
    for own, expected in zip(model.get_weights(), [*arrays[:2], *before[2:]], strict=True):
        np.testing.assert_array_equal(own, expected)
    without_bias = ravine.Sequential([layers.Input((4,)), layers.Dense(5, use_bias=False), layers.Dense(3)])
    with pytest.raises(ValueError, match="expected 1 weights, the file has 2"):
        without_bias.load_weights(path)


def test_freezing_does_not_mix_weights_up(tmp_path: Path) -> None:
    """Files list trainable weights first; a nested model that is frozen lists them otherwise."""
    path = tmp_path / "model.h5"

    def nested() -> ravine.Sequential:
        first, last = (layers.BatchNormalization(name=name) for name in ("first", "last"))
        inner = ravine.Sequential([layers.Input((4,)), first, layers.Dense(4, name="dense"), last], name="inner")
        return ravine.Sequential([layers.Input((4,)), inner])

    model = nested()
    model.set_weights([RNG.uniform(1, 2, w.shape) for w in model.weights])
    model.save(path)
    other = nested()
    other.layers[0].trainable = False
    other.load_weights(path)
    for own, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)


def test_long_lists_of_names(tmp_path: Path) -> None:
    names = [f"layer_{number}_{'x' * 90}" for number in range(2000)]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        legacy_h5._write_names(file, "layer_names", names)
        assert "layer_names" not in file.attrs
        assert legacy_h5._names(file, "layer_names") == names
        legacy_h5._write_names(file, "weight_names", [])
        assert legacy_h5._names(file, "weight_names") == []
        assert legacy_h5._names(file, "nothing") == []


# tf.keras


def old(class_name: str, **config: Any) -> dict:
    return {"class_name": class_name, "config": {"trainable": True, "dtype": "float32", **config}}


def initializer(name: str) -> dict:
    return {"class_name": name, "config": {"seed": None} if "Uniform" in name else {}}


def old_dense(name: str, units: int, activation: str) -> dict:
    return old(
        "Dense", name=name, units=units, activation=activation, use_bias=True,
        kernel_initializer=initializer("GlorotUniform"), bias_initializer=initializer("Zeros"),
        kernel_regularizer={"class_name": "L2", "config": {"l2": 0.01}}, bias_regularizer=None,
        activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
    )  # fmt: skip


OLD_LAYERS = [
    {**old("Flatten", name="flatten", batch_input_shape=[None, 2, 2], data_format="channels_last")},
    old_dense("dense", 5, "relu"),
    old(
        "BatchNormalization", name="bn", axis=[1], momentum=0.99, epsilon=0.001, center=True, scale=True, fused=False,
        beta_initializer=initializer("Zeros"), gamma_initializer=initializer("Ones"),
        moving_mean_initializer=initializer("Zeros"), moving_variance_initializer=initializer("Ones"),
    ),
    old("LeakyReLU", name="leaky", alpha=0.2),
    old_dense("dense_1", 3, "softmax"),
]  # fmt: skip
OLD_INPUT = {
    "class_name": "InputLayer",
    "config": {"batch_input_shape": [None, 2, 2], "dtype": "float32", "sparse": False, "ragged": False, "name": "x"},
}
OLD_WEIGHTS = {
    "flatten": {},
    "dense": {"dense/kernel:0": RNG.normal(size=(4, 5)), "dense/bias:0": RNG.normal(size=5)},
    "bn": {f"bn/{name}:0": RNG.uniform(1, 2, size=5) for name in ("gamma", "beta", "moving_mean", "moving_variance")},
    "leaky": {},
    "dense_1": {"dense_1/kernel:0": RNG.normal(size=(5, 3)), "dense_1/bias:0": RNG.normal(size=3)},
}
OLD_METRIC = {
    "class_name": "MeanMetricWrapper",
    "config": {"name": "accuracy", "dtype": "float32", "fn": "sparse_categorical_accuracy"},
}
OLD_LOSS = {
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"reduction": "auto", "name": "scc", "from_logits": False, "fn": "sparse_categorical_crossentropy"},
}
OLD_TRAINING = {
    "loss": OLD_LOSS,
    "metrics": [[OLD_METRIC]],
    "weighted_metrics": None,
    "loss_weights": None,
    "optimizer_config": {
        "class_name": "Custom>SGD",
        "config": {
            "name": "SGD", "lr": 0.25, "decay": 0.0, "momentum": 0.5, "nesterov": False, "is_legacy_optimizer": True,
        },
    },
}  # fmt: skip


def old_file(path: Path, config: Any, weights: dict, training: dict | None = None) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.8.0"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            part = group.create_group(name)
            part.attrs["weight_names"] = np.asarray([key.encode() for key in arrays], "S100")
            for key, values in arrays.items():
                part.create_dataset(key, data=values.astype(np.float32))
    return path


def old_outputs(x: np.ndarray) -> np.ndarray:
    dense, bn, last = ([*OLD_WEIGHTS[name].values()] for name in ("dense", "bn", "dense_1"))
    x = np.maximum(x.reshape(-1, 4) @ dense[0] + dense[1], 0)
    x = (x - bn[2]) / np.sqrt(bn[3] + 0.001) * bn[0] + bn[1]
    x = np.where(x > 0, x, 0.2 * x) @ last[0] + last[1]
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


@pytest.mark.parametrize(
    "config",
    [
        {"name": "sequential", "layers": OLD_LAYERS},
        {"name": "sequential", "layers": [OLD_INPUT, *OLD_LAYERS], "build_input_shape": [None, 2, 2]},
        OLD_LAYERS,
    ],
    ids=["without an InputLayer", "with an InputLayer", "a list"],
)
def test_a_model_of_tf_keras(tmp_path: Path, config: Any) -> None:
    entry = {"class_name": "Sequential", "config": config}
    path = old_file(tmp_path / "old.h5", entry, OLD_WEIGHTS, OLD_TRAINING)
    model = ravine.models.load_model(path)
    x = RNG.normal(size=(9, 2, 2)).astype(np.float32)
    np.testing.assert_allclose(model.predict(x), old_outputs(x), rtol=1e-4, atol=1e-5)
    assert isinstance(model.optimizer, ravine.optimizers.SGD)
    assert float(model.optimizer.learning_rate) == 0.25
    assert model.optimizer.momentum == 0.5
    y = np.arange(9) % 3
    assert list(model.evaluate(x, y, verbose=0, return_dict=True)) == ["accuracy", "loss"]
    assert [layer.name for layer in model.layers] == list(OLD_WEIGHTS)
    np.testing.assert_array_equal(ravine.models.model_from_json(json.dumps(entry)).layers[1].kernel.shape, (4, 5))


def test_a_functional_model_of_tf_keras(tmp_path: Path) -> None:
    entries = [
        {
            **OLD_INPUT,
            "config": {**OLD_INPUT["config"], "batch_input_shape": [None, 4]},
            "name": "x",
            "inbound_nodes": [],
        },
        {**old_dense("one", 4, "linear"), "name": "one", "inbound_nodes": [[["x", 0, 0, {}]], [["one", 0, 0, {}]]]},
        {**old("Add", name="add"), "name": "add", "inbound_nodes": [[["one", 1, 0, {}], ["x", 0, 0, {}]]]},
    ]
    config = {"name": "m", "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": [["add", 0, 0]]}
    kernel, bias = RNG.normal(size=(4, 4)), RNG.normal(size=4)
    weights = {"x": {}, "one": {"one/kernel:0": kernel, "one/bias:0": bias}, "add": {}}
    x = RNG.normal(size=(5, 4)).astype(np.float32)
    for class_name in ("Functional", "Model"):
        path = old_file(tmp_path / "old.h5", {"class_name": class_name, "config": config}, weights)
        model = ravine.models.load_model(path)
        expected = (x @ kernel + bias) @ kernel + bias + x
        np.testing.assert_allclose(model.predict(x), expected, rtol=1e-4, atol=1e-5)


def test_old_optimizer_states_are_not_mistaken(tmp_path: Path) -> None:
    """Before Keras 2.11 Adam kept all momenta before all velocities."""
    training = {
        **OLD_TRAINING,
        "optimizer_config": {"class_name": "Adam", "config": {"name": "Adam", "learning_rate": 0.5}},
    }
    path = old_file(tmp_path / "old.h5", {"class_name": "Sequential", "config": OLD_LAYERS}, OLD_WEIGHTS, training)
    with h5py.File(path, "r+") as file:
        group = file.create_group("optimizer_weights")
        group.attrs["weight_names"] = [b"training/Adam/iter:0"]
        group.create_dataset("training/Adam/iter:0", data=np.int64(7))
    with pytest.warns(UserWarning, match="optimizer 'Adam' was not loaded"):
        model = ravine.models.load_model(path)
    assert int(model.optimizer.iterations) == 0


def test_older_keras_3(tmp_path: Path) -> None:
    """Plain dtypes, `batch_input_shape`, `lora_rank`, shared ids and groups of seed generators."""
    import io
    import zipfile

    model = ravine.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dropout(0.5)])
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
        weights = io.BytesIO(archive.read("model.weights.h5"))
    first, dense, _ = config["config"]["layers"]
    first["config"] = {"batch_input_shape": first["config"].pop("batch_shape"), "dtype": "float32", "name": "in"}
    dense["config"].update(dtype="float32", lora_rank=None)
    dense["config"]["kernel_initializer"]["shared_object_id"] = 7
    dense["config"]["bias_initializer"]["shared_object_id"] = 8
    config["config"]["dtype"] = "float32"
    config["compile_config"] = None
    with h5py.File(weights, "r+") as file:
        del file["layers/dropout/seed_generator"]
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(3, np.uint32)
    with zipfile.ZipFile(tmp_path / "old.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())
    twin = ravine.models.load_model(tmp_path / "old.keras")
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
