"""TensorBoard's files, read back with TensorBoard's own reader."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ravine as keras
from ravine import layers

pytest.importorskip("tensorboard")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorboard itself

X = np.linspace(-1, 1, 40, dtype=np.float32).reshape(20, 2)
Y = (X[:, :1] > 0).astype(np.float32)


def network() -> keras.Sequential:
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input((2,)), layers.Dense(4, "relu", name="hidden"), layers.Dropout(0.2),
         layers.Dense(1, "sigmoid", name="out")], name="net",
    )  # fmt: skip
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


def read(folder: Path):
    # With a module of this name TensorBoard reads without TensorFlow, whose import takes seconds.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), {"tensors": 0})
    events.Reload()
    return events


def values(events, tag: str) -> dict[int, np.ndarray]:
    from tensorboard.util import tensor_util

    return {event.step: tensor_util.make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}


def scalars(events, tag: str) -> dict[int, float]:
    return {step: float(value) for step, value in values(events, tag).items()}


def test_curves(tmp_path: Path) -> None:
    history = network().fit(
        X, Y, epochs=3, batch_size=8, validation_split=0.2, verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path)]
    )
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    for name in ("loss", "accuracy", "learning_rate"):
        assert scalars(train, f"epoch_{name}") == dict(enumerate(np.float32(history.history[name]).tolist()))
    for name in ("loss", "accuracy"):
        expected = np.float32(history.history[f"val_{name}"]).tolist()
        assert scalars(validation, f"epoch_{name}") == dict(enumerate(expected))
        assert scalars(validation, f"evaluation_{name}_vs_iterations") == dict(zip((2, 4, 6), expected, strict=True))
    assert "batch_loss" not in train.Tags()["tensors"]
    assert train.summary_metadata["epoch_loss"].plugin_data.plugin_name == "scalars"


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (4, [4])])
def test_curves_of_batches(tmp_path: Path, update_freq, steps) -> None:
    callback = keras.callbacks.TensorBoard(tmp_path, update_freq=update_freq, write_graph=False)
    network().fit(X, Y, epochs=2, batch_size=8, verbose=0, callbacks=[callback])
    assert list(scalars(read(tmp_path / "train"), "batch_loss")) == steps


def test_histograms_of_weights_and_gradients(tmp_path: Path) -> None:
    model = network()
    weights = model.get_weights()
    callback = keras.callbacks.TensorBoard(tmp_path, histogram_freq=2)
    model.compile(keras.optimizers.SGD(0.0), "binary_crossentropy")  # so that the weights stay what they are
    model.fit(X, Y, epochs=3, batch_size=20, verbose=0, callbacks=[callback])
    events = read(tmp_path / "train")
    tags = [variable.path.removeprefix("net/") for variable in model.weights]
    assert tags[0] == "hidden/kernel"
    for tag, expected in zip(tags, weights, strict=True):
        found = values(events, f"{tag}/histogram")
        assert list(found) == [0, 2]
        assert found[0].shape == (30, 3)
        assert found[0][:, 2].sum() == expected.size
        assert found[0][0, 0] == pytest.approx(expected.min(), abs=1e-12)
        assert found[0][-1, 1] == pytest.approx(expected.max(), abs=1e-12)
        gradient = values(events, f"{tag}/gradient")[2]
        assert gradient[:, 2].sum() == expected.size
    assert events.summary_metadata[f"{tags[0]}/histogram"].plugin_data.plugin_name == "histograms"
    bias = values(events, f"{tags[-1]}/gradient")[0]  # its gradient is the mean of prediction - target
    assert bias[-1, 0] == bias[-1, 1]
    assert np.isfinite(bias).all()


def test_histograms_change_nothing(tmp_path: Path) -> None:
    results = []
    for callbacks in ([], [keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)]):
        model = network()
        history = model.fit(X, Y, epochs=3, batch_size=8, verbose=0, callbacks=callbacks)
        results.append([*model.get_weights(), *history.history.values()])
    for own, plain in zip(*results, strict=True):
        np.testing.assert_array_equal(own, plain)


def test_the_graph(tmp_path: Path) -> None:
    network().fit(X, Y, verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    events = read(tmp_path / "train")
    nodes = {node.name: node for node in events.Graph().node}
    assert {name: list(node.input) for name, node in nodes.items() if name in ("hidden", "dropout", "out")} == {
        "hidden": ["x"],
        "dropout": ["hidden"],
        "out": ["dropout"],
    }
    assert nodes["hidden"].op == "Dense"
    assert [size.size for size in nodes["hidden"].attr["_output_shapes"].list.shape[0].dim] == [-1, 4]
    assert events.summary_metadata["keras"].plugin_data.plugin_name == "graph_keras_model"
    assert b'"Sequential"' in values(events, "keras")[0].item()


def test_histogram_buckets() -> None:
    from ravine.callbacks._event_files import histogram

    assert histogram(np.array([np.nan, np.inf])).shape == (0, 3)
    constant = histogram(np.full(7, 2.5))
    assert constant.shape == (30, 3)
    assert constant[-1].tolist() == [2.5, 2.5, 7]
    spread = histogram(np.array([0.0, 1.0, 3.0, np.nan]))
    assert spread[:, 2].sum() == 3
    assert (spread[0, 0], spread[-1, 1]) == (0, 3)


def test_evaluate_alone(tmp_path: Path) -> None:
    model = network()
    model.fit(X, Y, verbose=0)
    loss, _ = model.evaluate(X, Y, verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    assert scalars(read(tmp_path / "validation"), "evaluation_loss_vs_iterations") == {1: np.float32(loss)}


def test_arguments(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="embeddings_freq"):
        keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1)
    with pytest.raises(ValueError, match="update_freq must be"):
        keras.callbacks.TensorBoard(tmp_path, update_freq="sometimes")
    with pytest.warns(UserWarning, match="write_images"):
        keras.callbacks.TensorBoard(tmp_path, write_images=True)
    callback = keras.callbacks.TensorBoard(tmp_path, write_steps_per_second=True)
    network().fit(X, Y, verbose=0, callbacks=[callback])
    assert scalars(read(tmp_path / "train"), "epoch_steps_per_second")[0] > 0


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r'pip install "ravine\[tensorboard\]"'):
        keras.callbacks.TensorBoard("logs")


def test_tensorflow_is_not_needed(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, ravine as keras\n"
        "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]); model.compile('sgd', 'mse')\n"
        f"board = keras.callbacks.TensorBoard({str(tmp_path)!r}, histogram_freq=1)\n"
        "model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=[board])\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_the_graph_of_several_inputs(tmp_path: Path) -> None:
    a, b = keras.Input((2,)), keras.Input((2,))
    joined = layers.Concatenate(name="joined")([layers.Dense(3, name="left")(a), b])
    model = keras.Model([a, b], layers.Dense(1, name="head")(joined))
    model.compile("sgd", "mse")
    callback = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    model.fit([X, X], Y, verbose=0, callbacks=[callback])
    nodes = {node.name: list(node.input) for node in read(tmp_path / "train").Graph().node}
    assert nodes["left"] == ["x_0"]
    assert nodes["joined"] == ["left", "x_1"]
    assert nodes["head"] == ["joined"]
