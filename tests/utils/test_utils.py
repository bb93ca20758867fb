"""Labels, plots, seeds and names."""

import subprocess
import sys

import numpy as np
import pytest

import ravine as keras
from ravine import layers


def test_to_categorical() -> None:
    rows = keras.utils.to_categorical([0, 2, 1])
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert keras.utils.to_categorical(np.array([[0], [1]]), 4).shape == (2, 4)
    assert keras.utils.to_categorical(np.zeros((2, 3), int), 2).shape == (2, 3, 2)
    for bad in (-1, 3):
        with pytest.raises(ValueError, match=rf"\[0, 3\), received {bad}"):
            keras.utils.to_categorical([0, bad], 3)


def test_plot_history(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    history = {"accuracy": [0.5, 0.7], "loss": [1.0, 0.5], "val_accuracy": [0.4, 0.6], "val_loss": [1.1, 0.6],
               "learning_rate": [0.1, 0.1]}  # fmt: skip
    file = tmp_path / "curves.png"
    figure = keras.utils.plot_history(history, str(file), title="Curves")
    assert file.read_bytes().startswith(b"\x89PNG")
    assert [axes.get_title() for axes in figure.axes] == ["accuracy", "loss"]
    assert [line.get_label() for line in figure.axes[0].get_lines()] == ["training (0.7000)", "validation (0.6000)"]
    assert len(keras.utils.plot_history(history, metrics=["learning_rate"]).axes) == 1
    with pytest.raises(ValueError, match="nothing to draw"):
        keras.utils.plot_history({})
    with pytest.raises(TypeError, match=r"expected what fit\(\) returned, or its .history, received NoneType"):
        keras.utils.plot_history(None)


def test_plot_history_puts_validation_where_it_was_made() -> None:
    pytest.importorskip("matplotlib")
    x = np.random.default_rng(0).normal(size=(20, 2))
    net = keras.Sequential([layers.Dense(1)])
    net.compile("sgd", "mse")
    history = net.fit(x, x[:, :1], epochs=7, validation_data=(x, x[:, :1]), validation_freq=3, verbose=0)
    for figure in (keras.utils.plot_history(history), keras.plots.plot_histories({"a": history}, ["val_loss"])):
        assert list(figure.axes[0].get_lines()[-1].get_xdata()) == [3, 6]
    assert list(keras.plots.plot_learning_rate(history).axes[0].get_lines()[0].get_xdata()) == [3, 6]


def test_plot_history_of_one_epoch_and_of_many_quantities() -> None:
    pytest.importorskip("matplotlib")
    figure = keras.utils.plot_history({f"m{i}": [0.5] for i in range(9)})
    assert len(figure.axes) == 9
    assert len({axes.get_position().y0 for axes in figure.axes}) == 3
    left, right = figure.axes[0].get_xlim()
    assert [tick for tick in figure.axes[0].get_xticks() if left <= tick <= right] == [1]


def test_clear_session_starts_the_names_again() -> None:
    keras.utils.clear_session()
    assert [layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
    keras.utils.clear_session()
    assert layers.Dense(1).name == "dense"


def test_seeds_make_initial_weights_repeat() -> None:
    def weights() -> np.ndarray:
        keras.utils.set_random_seed(3)
        return keras.Sequential([layers.Input((4,)), layers.Dense(4)]).get_weights()[0]

    assert np.array_equal(weights(), weights())
    with pytest.raises(ValueError, match="integer"):
        keras.utils.set_random_seed("3")


def test_info() -> None:
    done = subprocess.run([sys.executable, "-m", "ravine", "--info"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"ravine {keras.__version__}" in done.stdout
    assert "instruction set:" in done.stdout
    assert "threads:" in done.stdout


def test_public_names() -> None:
    assert set(keras.__all__) <= set(dir(keras))
    for name in keras.__all__:
        assert getattr(keras, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = keras.nothing_like_this
