"""keras.config and keras.backend: the names of Keras, and what tf.keras had."""

from collections.abc import Iterator

import numpy as np
import pytest

import ravine as keras
from ravine import backend, config

NAMES = {
    "backend": [
        "backend", "clear_session", "epsilon", "floatx", "get_uid", "image_data_format", "is_float_dtype",
        "is_int_dtype", "is_keras_tensor", "result_type", "set_epsilon", "set_floatx", "set_image_data_format",
        "standardize_dtype",
    ],
    "config": [
        "backend", "disable_flash_attention", "disable_interactive_logging", "disable_traceback_filtering",
        "dtype_policy", "enable_flash_attention", "enable_interactive_logging", "enable_traceback_filtering",
        "enable_unsafe_deserialization", "epsilon", "floatx", "image_data_format", "is_flash_attention_enabled",
        "is_interactive_logging_enabled", "is_nnx_enabled", "is_traceback_filtering_enabled", "max_epochs",
        "max_steps_per_epoch", "set_backend", "set_dtype_policy", "set_epsilon", "set_floatx",
        "set_image_data_format", "set_max_epochs", "set_max_steps_per_epoch",
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def settings_stay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before, data_format = dict(config._settings), config.image_data_format()
    yield
    config._settings.update(before)
    config.set_image_data_format(data_format)


@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_here(module: str) -> None:
    assert [name for name in NAMES[module] if not callable(getattr(getattr(keras, module), name, None))] == []


@pytest.mark.parametrize("module", NAMES)
def test_the_names_are_those_of_keras(module: str) -> None:
    theirs = getattr(pytest.importorskip("keras"), module)
    assert {name for name in dir(theirs) if not name.startswith("_")} == set(NAMES[module])


def test_what_can_be_set_is_read_back() -> None:
    config.set_epsilon(1e-5)
    assert backend.epsilon() == config.epsilon() == 1e-5
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled()
    assert (config.floatx(), config.backend(), config.image_data_format()) == ("float32", "ravine", "channels_last")


def test_what_cannot_be_set_says_so() -> None:
    with pytest.raises(ValueError, match="one engine"):
        config.set_backend("jax")
    with pytest.raises(ValueError, match="expected one of"):
        config.set_floatx("float8")
    with pytest.warns(UserWarning, match="float32"):
        config.set_floatx("float64")
    with pytest.warns(UserWarning, match="float32"):
        config.set_dtype_policy("mixed_float16")
    config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match="channels_last"):
        config.set_image_data_format("middle")


def test_the_data_format_is_the_default_of_layers() -> None:
    config.set_image_data_format("channels_first")
    assert keras.layers.Flatten().data_format == "channels_first"
    config.set_image_data_format("channels_last")
    assert keras.layers.Flatten().data_format == "channels_last"


def test_limits_for_trying_out_a_script() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((20, 1), np.float32)
    config.set_max_epochs(2)
    with pytest.warns(UserWarning, match="runs 2 instead of 5 epochs"):
        assert model.fit(x, x, epochs=5, verbose=0).epoch == [0, 1]
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(3)
    before = int(model.optimizer.iterations)
    model.fit(x, x, batch_size=2, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == before + 6
    assert len(model.predict(x, batch_size=2, verbose=0)) == 6


def test_verbose_auto_follows_interactive_logging(capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []
    note = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(note.params["verbose"]))
    for switch in (config.disable_interactive_logging, config.enable_interactive_logging):
        switch()
        model.fit(np.ones((2, 1)), np.ones((2, 1)), callbacks=[note])
    assert seen == [2, 1]


def test_values_of_variables() -> None:
    variable = keras.Variable([1.0, 2.0])
    scalar = keras.Variable(0.5)
    assert backend.get_value(scalar) == 0.5
    assert isinstance(backend.get_value(scalar), np.float32)
    backend.set_value(variable, [3, 4])
    np.testing.assert_array_equal(backend.get_value(variable), [3, 4])
    backend.batch_set_value([(variable, [5, 6]), (scalar, 7)])
    assert [x.tolist() for x in backend.batch_get_value([variable, scalar])] == [[5, 6], 7]


def test_types() -> None:
    assert backend.result_type("int32", "float16") == backend.result_type("int8", float) == "float32"
    assert backend.result_type("uint8", "int8") == "int16"
    assert backend.result_type("bool") == "bool"
    assert backend.is_float_dtype("bfloat16")
    assert not backend.is_float_dtype("int8")
    assert backend.is_int_dtype(np.uint8)
    assert backend.is_keras_tensor(keras.Input((2,)))
    assert not backend.is_keras_tensor(np.ones(2))
    first = backend.get_uid("a test")
    assert backend.get_uid("a test") == first + 1


def test_old_functions_are_those_of_ops() -> None:
    K = backend

    def loss(y_true, y_pred):
        return K.mean(K.square(y_true - y_pred), axis=-1)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    x = np.ones((4, 1), np.float32)
    expected = float(np.mean(np.square(x - model.predict(x, verbose=0))))
    assert model.evaluate(x, x, verbose=0) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(AttributeError, match=r"get_valu.*Did you mean 'get_value'"):
        _ = K.get_valu
