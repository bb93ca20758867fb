"""Objects to configurations and back: the forms of Keras, what is registered, and what is refused."""

import json
import threading
from typing import Any

import numpy as np
import pytest
from saved_models import X, graph, network, train

import ravine
from ravine import layers, saving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

NAMES = {
    "keras.models": "Model Sequential clone_model load_model model_from_json save_model",
    "keras.saving": """CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects
        get_registered_name get_registered_object load_model load_weights register_keras_serializable save_model
        save_weights serialize_keras_object""",
    "keras.utils": """CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects
        get_registered_name get_registered_object register_keras_serializable serialize_keras_object""",
}
NOT_HERE = {"keras.saving": {"KerasFileEditor": "an interactive tool"}}


@pytest.mark.parametrize("module", NAMES)
def test_names(keras: Any, module: str) -> None:
    own = getattr(ravine, module.split(".")[1])
    assert [name for name in NAMES[module].split() if not hasattr(own, name)] == []
    if module != "keras.utils":  # of which there is more than files
        public = {name for name in dir(getattr(keras, module.split(".")[1])) if not name.startswith("_")}
        assert public - set(NAMES[module].split()) - set(NOT_HERE.get(module, ())) == set()


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


VALUES = [
    None, True, 3, 0.5, "text", [1, (2, 3)], {"a": (1, np.float32(2))}, np.ones((2, 2)), np.arange(3), np.float64(4),
    np.array(5), b"bytes", slice(1, None, 2), ...,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_plain_values(keras: Any, value: Any) -> None:
    config = plain(saving.serialize_keras_object(value))
    assert config == plain(keras.saving.serialize_keras_object(value))
    back, expected = saving.deserialize_keras_object(config), keras.saving.deserialize_keras_object(config)
    if isinstance(expected, np.ndarray):
        assert back.dtype == expected.dtype
        np.testing.assert_array_equal(back, expected)
    else:
        assert back == expected


def test_tensors_and_functions(keras: Any) -> None:
    function = saving.serialize_keras_object(ravine.activations.relu)
    assert function == keras.saving.serialize_keras_object(keras.activations.relu)
    assert saving.deserialize_keras_object(function) is ravine.activations.relu
    config = {"class_name": "__tensor__", "config": {"value": [1.0, 2.0], "dtype": "float32"}}
    np.testing.assert_array_equal(saving.deserialize_keras_object(config), [1, 2])
    with pytest.raises(TypeError, match="no get_config"):
        saving.serialize_keras_object(object())
    with pytest.raises(TypeError, match="no get_config"):
        saving.serialize_keras_object(layers.Dense)


@pytest.mark.parametrize("make", [network, graph])
def test_whole_models_as_json(keras: Any, make: Any) -> None:
    own, theirs = make(ravine), make(keras)
    for model, library in ((own, ravine), (theirs, keras), (own, keras), (theirs, ravine)):
        twin = library.models.model_from_json(model.to_json())
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        assert [w.shape for w in twin.weights] == [w.shape for w in model.weights]
    assert json.loads(own.to_json(indent=2))["class_name"] == type(own).__name__
    assert own.get_compile_config().keys() == theirs.get_compile_config().keys()
    fresh = type(own).from_config(own.get_config())
    fresh.compile_from_config(own.get_compile_config())
    assert fresh.get_compile_config() == own.get_compile_config()


def test_a_compile_of_another_kind() -> None:
    class Mine(ravine.Sequential):
        def compile(self, speed: float) -> None:
            super().compile(ravine.optimizers.SGD(speed), "mse")

    model = Mine([layers.Input((4,)), layers.Dense(2)])
    with pytest.warns(UserWarning, match="other arguments"):
        model.compile_from_config({"optimizer": "sgd", "loss": "mse"})
    assert not model.compiled
    model.compile(0.5)
    train(model)


# Registration


def test_registration() -> None:
    @saving.register_keras_serializable("mine", name="Other")
    class Thing:
        def get_config(self) -> dict:
            return {}

    @saving.register_keras_serializable()
    def action() -> None: ...

    assert saving.get_registered_name(Thing) == "mine>Other"
    assert saving.get_registered_object("mine>Other") is Thing
    assert saving.get_custom_objects()["Custom>action"] is action
    assert saving.get_registered_name(test_registration) == "test_registration"
    assert saving.get_registered_object("nothing") is None
    assert saving.get_registered_object("x", {"x": 1}) == 1
    assert saving.get_registered_object("x", module_objects={"x": 2}) == 2
    for name in ("Custom>action", "action"):  # Keras up to 3.6 left the package out
        config = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
        assert saving.deserialize_keras_object(config) is action
    with pytest.raises(ValueError, match="no get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))
    with pytest.raises(TypeError, match="needs its parentheses"):

        @saving.register_keras_serializable
        class Wrong(layers.Layer): ...


def test_scopes() -> None:
    class Mine(layers.Layer): ...

    entry = layers.serialize(Mine(name="x"))
    unknown: list[bool] = []

    def in_another_thread() -> None:
        try:
            layers.deserialize(entry)
        except ValueError:
            unknown.append(True)

    with saving.custom_object_scope({"Mine": Mine}):
        assert "Mine" not in saving.get_custom_objects()
        with saving.CustomObjectScope({"Other": object}):
            assert type(layers.deserialize(entry)) is Mine
        thread = threading.Thread(target=in_another_thread)
        thread.start()
        thread.join()
    assert unknown == [True]
    with pytest.raises(ValueError, match="Unknown layer 'Mine'"):
        layers.deserialize(entry)
    with pytest.raises(TypeError, match="Unknown layer 'Mine'"):
        layers.deserialize(entry)


def test_a_class_that_is_called_like_a_public_one() -> None:
    """Only under its own module; a file does not get one for the other."""

    class Dense(layers.Dense): ...

    entry = layers.serialize(Dense(3))
    with pytest.raises(ValueError, match="Unknown layer 'Dense'"):
        layers.deserialize(entry)
    assert type(layers.deserialize(entry, {"Dense": Dense})) is Dense
    assert type(layers.deserialize(layers.serialize(layers.Dense(3)), {"Dense": Dense})) is layers.Dense


@pytest.mark.parametrize(
    "module",
    [None, "keras.layers", "keras.src.layers.core.dense", "keras.layers.core.dense", "tensorflow.keras.layers"],
)
def test_homes_of_public_classes(module: str | None) -> None:
    entry = {"class_name": "Dense", "config": {"units": 3}} | ({} if module is None else {"module": module})
    assert saving.deserialize_keras_object(entry).units == 3


def test_errors_name_the_place() -> None:
    model = network(ravine, None)
    config = plain(model.get_config())
    inner = next(entry for entry in config["layers"] if entry["config"]["name"] == "inner")
    inner["config"]["layers"][1]["config"]["kernel_initializer"]["config"]["seed"] = "x"
    with pytest.raises(ValueError, match=r"Sequential 'inner': Dense 'in_1': GlorotUniform: .*'x'"):
        layers.deserialize({"module": "keras", "class_name": "Sequential", "config": config})


# Code


def test_lambdas(keras: Any, tmp_path: Any) -> None:
    factor = 3.0
    for library in (ravine, keras):
        scale = (
            library.layers.Lambda(lambda x: x * factor)
            if library is ravine
            else library.layers.Lambda(lambda x: x * 3.0)
        )
        model = library.Sequential([library.layers.Input((4,)), scale, library.layers.Dense(2)])
        path = str(tmp_path / "model.keras")
        if library is ravine:
            with pytest.warns(UserWarning, match="safe_mode=False"):
                model.save(path)
        else:
            model.save(path)
        with pytest.raises(ValueError, match="safe_mode=False"):
            ravine.models.load_model(path)
        for reader in (ravine, keras):
            twin = reader.models.load_model(path, safe_mode=False)
            np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_code_of_another_python() -> None:
    entry = {"class_name": "__lambda__", "config": {"value": ["bm90IGNvZGU=\n", None, None]}}
    with pytest.raises(ValueError, match="another Python"):
        saving.deserialize_keras_object(entry, safe_mode=False)
