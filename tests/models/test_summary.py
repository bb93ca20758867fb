"""summary() of built, unbuilt, frozen and nested models, with and without `rich`."""

import builtins

import numpy as np
import pytest

import ravine as keras
from ravine import layers


def text_of(model: keras.Model, **arguments) -> str:
    lines: list[str] = []
    model.summary(print_fn=lines.append, **arguments)
    assert len(lines) == 1
    return lines[0]


@pytest.fixture(params=["rich", "plain"])
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "rich":
        pytest.importorskip("rich")
        return request.param
    real = builtins.__import__

    def without_rich(name, *args, **kwargs):
        if name.split(".")[0] == "rich":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    return request.param


def network() -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(name="flat"),
            layers.Dense(300, name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(10, name="out"),
        ],
        name="net",
    )


def test_a_built_model(table: str) -> None:
    text = text_of(network())
    assert 'Model: "net"' in text
    for part in (
        "hidden (Dense)",
        "(None, 784)",
        "(None, 300)",
        "235,500",
        "norm (BatchNormalization)",
        "1,200",
        "3,010",
    ):
        assert part in text
    assert "Total params: 239,710 (936.37 KB)" in text
    assert "Trainable params: 239,110" in text
    assert "Non-trainable params: 600 (2.34 KB)" in text
    assert "\x1b" not in text


def test_an_unbuilt_model(table: str) -> None:
    model = keras.Sequential([layers.Dense(100, name="first"), layers.Dense(10)])
    text = text_of(model)
    assert not model.built
    assert text.count("?") == 2
    assert text.count("0 (unbuilt)") == 2
    assert "Total params: 0 (0.00 B)" in text
    model.predict(np.zeros((1, 5)), verbose=0)
    assert "600" in text_of(model)


def test_an_empty_model(table: str) -> None:
    assert "Total params: 0" in text_of(keras.Sequential())


def test_frozen_layers(table: str) -> None:
    model = network()
    model.get_layer("hidden").trainable = False
    text = text_of(model, show_trainable=True)
    assert "Trainable params: 3,610" in text
    assert "Non-trainable params: 236,100" in text
    assert [line.split()[-2 if table == "rich" else -1] for line in text.splitlines() if "(Dense)" in line] == [
        "N",
        "Y",
    ]


def test_nested_models_and_a_range(table: str) -> None:
    model = keras.Sequential([network(), layers.Dense(2, name="last")])
    assert "hidden" not in text_of(model)
    assert "hidden" in text_of(model, expand_nested=True)
    text = text_of(network(), layer_range=["hidden", "norm"])
    assert "hidden" in text
    assert "flat" not in text
    with pytest.raises(ValueError, match="no layer 'nope'"):
        text_of(network(), layer_range=["hidden", "nope"])


def test_optimizer_slots_are_counted(table: str) -> None:
    model = network()
    model.compile(optimizer="adam", loss="mse")
    model.train_on_batch(np.zeros((2, 28, 28)), np.zeros((2, 10)))
    assert "Optimizer params" in text_of(model)


def test_printing(capsys: pytest.CaptureFixture[str], table: str) -> None:
    network().summary()
    printed = capsys.readouterr().out
    assert "hidden (Dense)" in printed
    assert "\x1b" not in printed


def test_width_and_positions(table: str) -> None:
    assert max(map(len, text_of(network(), line_length=90).splitlines())) >= 88
    with pytest.raises(ValueError, match="positions"):
        text_of(network(), positions=[0.5])
    assert "hidden (Dense)" in text_of(network(), positions=[0.5, 0.8, 1.0], line_length=100)


def test_a_subclassed_model_shows_the_shapes_of_its_first_call(table: str) -> None:
    class Block(layers.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.inner = layers.Dense(12)

        def call(self, x):
            return self.inner(x)

    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.flat = layers.Flatten(name="flat")
            self.block = Block()
            self.drop = layers.Dropout(0.5, name="drop")
            self.unused = layers.Dense(7, name="unused")

        def call(self, x, training=None):
            return self.drop(self.block(self.flat(x)), training=training)

    model = Net()
    assert "(None" not in text_of(model)
    model(np.ones((5, 4, 2), np.float32))
    text = text_of(model)
    lines = {
        name: next(line for line in text.splitlines() if name in line) for name in ("flat", "block", "drop", "unused")
    }
    assert "(None, 8)" in lines["flat"]
    assert "(None, 12)" in lines["block"]
    assert "(None, 12)" in lines["drop"]
    assert "?" in lines["unused"]
