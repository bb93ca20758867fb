"""Figures: each draws what it was given, saves it, and leaves Matplotlib as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ravine as keras
from ravine import plots
from ravine.plots import style

matplotlib = pytest.importorskip("matplotlib")

HISTORY = {"loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7], "learning_rate": [0.1, 0.1, 0.05]}

# One call of every function that draws; `plot_model` has its own file.
CALLS: dict[str, Any] = {
    "plot_activations": lambda **kw: plots.plot_activations(["tanh", "relu"], **kw),
    "plot_distributions": lambda **kw: plots.plot_distributions({"a": [1.0, 2.0], "b": [0.0]}, **kw),
    "plot_histories": lambda **kw: plots.plot_histories({"SGD": HISTORY, "Adam": HISTORY}, **kw),
    "plot_learning_rate": lambda **kw: plots.plot_learning_rate(HISTORY, **kw),
    "plot_schedules": lambda **kw: plots.plot_schedules({"falling": lambda step: 0.1 * 0.9**step}, 20, **kw),
    "plot_trajectories": lambda **kw: plots.plot_trajectories(["sgd", "adam"], steps=3, **kw),
    "plot_uncertainty": lambda **kw: plots.plot_uncertainty([0.3, 0.7], [0.1, 0.2], target=1, **kw),
    "plot_weights": lambda **kw: plots.plot_weights(small_model(), **kw),
}
every_call = pytest.mark.parametrize("name", CALLS)


def small_model() -> keras.Sequential:
    layers = keras.layers
    return keras.Sequential(
        [layers.Input((3,)), layers.Dense(4, name="fc1"), layers.Dense(2, name="fc2")], name="small"
    )


def assert_picture(file: Path) -> None:
    """A PNG in which not all pixels have one colour."""
    pixels = matplotlib.image.imread(file)
    assert pixels.std() > 0.01


def test_every_function_has_a_call() -> None:
    drawing = {name for name in plots.__all__ if name.startswith("plot_")}
    assert drawing == {*CALLS, "plot_history", "plot_model"}


@every_call
def test_saves_a_picture(name: str, tmp_path: Path) -> None:
    before = matplotlib.rcParams.copy()
    figure = CALLS[name](path=tmp_path / "picture.png")
    assert_picture(tmp_path / "picture.png")
    assert isinstance(figure, matplotlib.figure.Figure)
    assert matplotlib.rcParams == before


@every_call
def test_draws_into_the_callers_axes(name: str) -> None:
    panels = {"plot_activations": 2, "plot_distributions": 2, "plot_histories": 2, "plot_trajectories": 2,
              "plot_weights": 2}.get(name, 1)  # fmt: skip
    figure = matplotlib.figure.Figure()
    axes = figure.subplots(1, panels)
    assert CALLS[name](ax=axes) is figure
    assert all(panel.has_data() for panel in np.ravel(axes))
    if panels > 1:
        with pytest.raises(ValueError, match="expected 2 axes in `ax`, received 1"):
            CALLS[name](ax=axes[0])


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'plot_schedules needs Matplotlib: pip install "ravine\[plot\]"'):
        plots.plot_schedules(0.1, 10)


def test_activations_and_their_derivatives() -> None:
    """Values and slopes at -1, 0 and 1 as Keras has them; the curves break where the derivative jumps."""
    expected = {
        "relu": ([0, 0, 1], [0, 0, 1]),
        "elu": ([-0.6321206, 0, 1], [0.3678795, 1, 1]),
        "selu": ([-1.1113307, 0, 1.0507010], [0.6467686, 1.7580993, 1.0507010]),
        "gelu": ([-0.1586553, 0, 0.8413447], [-0.0833155, 0.5, 1.0833155]),
        "mish": ([-0.3034014, 0, 0.8650985], [0.0592168, 0.6, 1.0490361]),
        "linear": ([-1, 0, 1], [1, 1, 1]),
    }
    figure = plots.plot_activations(list(expected), limits=(-1, 1))
    for panel, index in zip(figure.axes, (0, 1), strict=True):
        lines = {line.get_label(): line for line in panel.get_lines()}
        for name, values in expected.items():
            np.testing.assert_allclose(lines[name].get_ydata()[[0, -1]], np.take(values[index], [0, -1]), atol=1e-6)
            middle = lines[name].get_ydata()[500]
            assert np.isnan(middle) or middle == pytest.approx(values[index][1], abs=1e-6)
    relu = next(line for line in figure.axes[1].get_lines() if line.get_label() == "relu")
    assert np.isnan(relu.get_ydata()).sum() == 1


def test_activations_take_functions_layers_and_labels() -> None:
    def bent(x: Any) -> Any:
        return keras.ops.square(x)

    legend = plots.plot_activations([bent, keras.layers.ReLU(name="my_relu")], derivatives=False).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["bent", "my_relu"]
    lines = plots.plot_activations({"constant": lambda x: 0.0 * x}).axes[1].get_lines()
    assert np.all(lines[0].get_ydata() == 0)
    assert len(plots.plot_activations("tanh").axes[0].get_legend().get_texts()) == 1


def test_histories_name_each_curve() -> None:
    names = [f"run {index}" for index in range(9)]
    runs = {name: {"loss": [1.0, 0.3 + 0.001 * index]} for index, name in enumerate(names)}
    figure = plots.plot_histories(runs, log=True)
    [panel] = figure.axes
    looks = {(line.get_color(), str(line.get_linestyle())) for line in panel.get_lines()}
    assert len(looks) == 9
    assert panel.get_yscale() == "log"
    figure.draw_without_rendering()
    extents = [matplotlib.text.Text.get_window_extent(text) for text in panel.texts]
    places, heights = sorted(extent.y0 for extent in extents), [extent.height for extent in extents]
    assert sorted(text.get_text() for text in panel.texts) == names
    assert np.diff(places).min() >= 0.9 * max(heights)  # no name on another


def test_histories_say_what_is_missing() -> None:
    with pytest.raises(ValueError, match="'b' has no 'accuracy', only loss"):
        plots.plot_histories({"a": {"accuracy": [1.0]}, "b": {"loss": [1.0]}}, metrics=["accuracy"])
    with pytest.raises(ValueError, match="at least one history"):
        plots.plot_histories({})
    with pytest.raises(ValueError, match="expected 'learning_rate' in the history, received \\['loss'\\]"):
        plots.plot_learning_rate({"loss": [1.0]})


def test_learning_rate_on_the_right() -> None:
    left, right = plots.plot_learning_rate(HISTORY).axes
    assert left.get_ylabel() == "validation loss"
    assert right.get_yscale() == "log"
    assert [text.get_text() for text in right.get_yticklabels()] == ["0.05", "0.1"]
    assert right.get_lines()[0].get_ydata().tolist() == HISTORY["learning_rate"]


def test_schedules_at_their_steps() -> None:
    schedules = {"function": lambda step: 1 / (1 + step), "number": 0.5, "recorded": [0.1, 0.2, 0.3]}
    lines = plots.plot_schedules(schedules, 4).axes[0].get_lines()
    assert lines[0].get_ydata().tolist() == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert lines[1].get_ydata().tolist() == [0.5] * 5
    assert lines[2].get_xdata().tolist() == [0, 1, 2]
    long = plots.plot_schedules(lambda step: 0.1, 100_000).axes[0].get_lines()[0].get_xdata()
    assert len(long) <= 501
    assert (long[0], long[-1]) == (0, 100_000)


def test_descend_follows_the_update_rule() -> None:
    path = plots.descend(keras.optimizers.SGD(0.05), start=(-4.0, 1.2), steps=3)
    x, y = -4.0 * 0.95 ** np.arange(4), 1.2 * (1 - 0.05 * 20) ** np.arange(4)
    np.testing.assert_allclose(path, np.stack([x, y], axis=1), atol=1e-6)

    def slope(x: Any, y: Any) -> Any:
        return keras.ops.add(x, y)

    adam = plots.descend(keras.optimizers.Adam(0.1), slope, start=(0.0, 0.0), steps=2)
    np.testing.assert_allclose(adam, [[0, 0], [-0.1, -0.1], [-0.2, -0.2]], atol=1e-5)


def test_distributions_count_everything() -> None:
    figure = plots.plot_distributions({"x": [-9.0, 0.0, 0.5, 9.0]}, bins=4, limits=(-1, 1), zero=0.0)
    [panel] = figure.axes
    assert [patch.get_height() for patch in panel.patches] == [1, 0, 1, 2]
    assert panel.get_title(loc="right").endswith("25% at most 0 in size")
    for empty in ({}, {"x": []}):
        with pytest.raises(ValueError, match="at least one set"):
            plots.plot_distributions(empty)
    constant = plots.plot_distributions({"bias": np.zeros(5)})
    assert sum(patch.get_height() for patch in constant.axes[0].patches) == 5


def test_weights_of_a_model() -> None:
    model = small_model()
    for kernels_only, expected in ((True, model.weights[::2]), (False, model.weights)):
        figure = plots.plot_weights(model, kernels_only)
        assert [panel.get_title(loc="left") for panel in figure.axes] == [variable.path for variable in expected]
    with pytest.raises(ValueError, match="has no weights to draw"):
        plots.plot_weights(keras.Sequential([keras.layers.Dense(2)]))


def test_uncertainty_stays_a_probability() -> None:
    figure = plots.plot_uncertainty([0.05, 0.95], [0.2, 0.2], names=["no", "yes"], target=0)
    low, high = np.array([segment[:, 1] for segment in figure.axes[0].collections[0].get_segments()]).T
    assert low.tolist() == pytest.approx([0, 0.75])
    assert high.tolist() == pytest.approx([0.25, 1])
    with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(2,\)"):
        plots.plot_uncertainty(np.zeros((2, 2)), np.zeros(2))


def test_nothing_enters_pyplot(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before = pyplot.get_fignums()
    CALLS["plot_schedules"](path=tmp_path / "a.png")
    assert pyplot.get_fignums() == before


def test_names_of_curves_stay_inside_and_in_order() -> None:
    figure = matplotlib.figure.Figure()
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    look = {"color": style.BLUE, "linestyle": "-"}
    style.label_ends(axes, [(0.99, "c", look), (0.98, "b", look), (0.1, "a", look)], gap=0.1)
    heights = {text.get_text(): text.xyann[1] for text in axes.texts}
    assert heights == pytest.approx({"a": 0.1, "b": 0.9, "c": 1.0})


def test_distributions_with_gaps() -> None:
    figure = plots.plot_distributions({"a": [1.0, np.nan, np.inf, 2.0]})
    assert "2 NaN or infinite" in figure.axes[0].get_title(loc="right")
    with pytest.raises(ValueError, match="'b' has none"):
        plots.plot_distributions({"a": [1.0], "b": [np.nan]})


def test_what_is_no_schedule() -> None:
    with pytest.raises(TypeError, match="expected a schedule, a number, a function of the step"):
        plots.plot_schedules({"a": "cosine"}, 10)
