"""plot_model and model_to_dot: what stands in the boxes, which arrows there are, and where everything lies."""

import itertools
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import ravine as keras
from ravine import layers
from ravine.plots.layered import layered
from ravine.plots.model_graph import Shown, graph_of

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def chain() -> keras.Sequential:
    keras.utils.clear_session()
    return keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(30, activation="relu", trainable=False),
            layers.Dense(10, activation="softmax", name="out"),
        ],
        name="chain",
    )


@pytest.fixture
def nested(chain: keras.Sequential) -> keras.Sequential:
    return keras.Sequential([layers.Input((28, 28)), chain, layers.Dense(2, name="last")], name="outer")


def words(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def arrows(figure: Any) -> int:
    return sum(isinstance(patch, matplotlib.patches.FancyArrowPatch) for patch in figure.axes[0].patches)


def test_boxes_say_what_is_asked_for(chain: keras.Sequential) -> None:
    def drawn(**options: Any) -> list[str]:
        return words(keras.utils.plot_model(chain, to_file=None, **options))

    assert drawn() == ["Flatten", "Dense", "Dense"]
    assert drawn(show_layer_names=True) == ["flatten (Flatten)", "dense (Dense)", "out (Dense)"]
    assert drawn(show_shapes=True)[:3] == ["Flatten", "Input shape: (None, 28, 28)", "Output shape: (None, 784)"]
    assert drawn(show_dtype=True)[1] == "Output dtype: float32"
    assert drawn(show_layer_activations=True) == [
        "Flatten",
        "Dense",
        "Activation: relu",
        "Dense",
        "Activation: softmax",
    ]
    assert drawn(show_trainable=True) == ["Flatten", "Dense", "Non-trainable", "Dense", "Trainable"]
    figure = keras.utils.plot_model(chain, None, True, True, True, "LR", True, 100, True, True, "line")
    assert arrows(figure) == 2


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_saves_in_the_format_of_the_name(chain: keras.Sequential, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"model.{suffix}"
    keras.utils.plot_model(chain, to_file=file, show_shapes=True, dpi=60)
    assert file.read_bytes()[:5] == {"png": b"\x89PNG\r", "svg": b"<?xml", "pdf": b"%PDF-"}[suffix]


def test_defaults_write_model_png(chain: keras.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keras.utils.plot_model(chain)
    keras.utils.plot_model(chain, "named")
    for name in ("model.png", "named.png"):
        assert matplotlib.image.imread(tmp_path / name).std() > 0.01
    assert matplotlib.image.imread("model.png").shape[0] > 300  # 200 dots per inch


def test_directions(chain: keras.Sequential) -> None:
    down = keras.utils.plot_model(chain, None).get_size_inches()
    across = keras.utils.plot_model(chain, None, rankdir="LR").get_size_inches()
    assert down[1] > down[0]
    assert across[0] > across[1]


def test_a_deep_model_still_fits_an_image(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((2,)), *(layers.Dense(2) for _ in range(300))])
    figure = keras.utils.plot_model(model, tmp_path / "deep.png")
    assert figure.dpi < 200
    assert arrows(figure) == 299
    assert (tmp_path / "deep.png").stat().st_size > 0


def test_errors(chain: keras.Sequential) -> None:
    unbuilt = keras.Sequential([layers.Dense(2)], name="young")
    for draw in (keras.utils.plot_model, keras.utils.model_to_dot):
        with pytest.raises(ValueError, match="Sequential 'young' is not built"):
            draw(unbuilt)
        with pytest.raises(ValueError, match="layer_range"):
            draw(chain, layer_range=["a", "b"])
        with pytest.raises(ValueError, match=r"not recognized: \{'colour': 1\}"):
            draw(chain, colour=1)
        with pytest.raises(ValueError, match="rankdir"):
            draw(chain, rankdir="UP")


def test_a_nested_model_is_a_box_or_is_opened(nested: keras.Sequential) -> None:
    closed = keras.utils.plot_model(nested, None, show_layer_names=True)
    assert words(closed) == ["chain (Sequential)", "last (Dense)"]
    opened = keras.utils.plot_model(nested, None, show_layer_names=True, expand_nested=True)
    assert set(words(opened)) == {"chain", "flatten (Flatten)", "dense (Dense)", "out (Dense)", "last (Dense)"}
    assert arrows(opened) == 3
    frame = next(patch for patch in opened.axes[0].patches if patch.get_zorder() < 1).get_window_extent()
    inside = [
        frame.contains(*text.get_window_extent().get_points().mean(axis=0))
        for text in opened.axes[0].texts
        if text.get_text().endswith("(Dense)") or text.get_text().endswith("(Flatten)")
    ]
    assert inside.count(True) == 3


def test_a_subclassed_model_is_one_box() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    model.build((None, 3))
    assert words(keras.utils.plot_model(model, None, show_layer_names=True)) == ["own (Own)"]


def test_in_a_notebook_the_image_comes_back(
    chain: keras.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = types.ModuleType("IPython.display")
    display.__dict__.update(Image=lambda filename: ("image", filename), SVG=lambda filename: ("svg", filename))
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    png, svg, pdf = (str(tmp_path / f"m.{suffix}") for suffix in ("png", "svg", "pdf"))
    assert keras.utils.plot_model(chain, png, dpi=50) == ("image", png)
    assert keras.utils.plot_model(chain, svg) == ("svg", svg)
    assert isinstance(keras.utils.plot_model(chain, pdf), matplotlib.figure.Figure)


def test_dot(nested: keras.Sequential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    text = keras.utils.model_to_dot(nested, show_shapes=True, expand_nested=True, rankdir="LR", dpi=70).to_string()
    assert text.startswith('digraph "outer" {')
    assert text.count("{") == text.count("}") == 2
    for part in (
        "rankdir=LR;",
        "dpi=70;",
        'subgraph "cluster_chain"',
        "<b>last (Dense)</b>",
        "Output shape: (None, 784)",
    ):
        assert part in text
    assert [line for line in text.splitlines() if "->" in line] == [
        "layer0 -> layer1;", "layer1 -> layer2;", "layer2 -> layer3;"]  # fmt: skip
    assert keras.utils.model_to_dot(nested, subgraph=True).startswith('subgraph "cluster_outer" {')


def test_dot_escapes_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    model = keras.Sequential([layers.Input((2,)), layers.Dense(2, name="a<b&c")], name='say "hi"')
    text = keras.utils.model_to_dot(model)
    assert 'digraph "say \\"hi\\"" {' in text
    assert "a&lt;b&amp;c" in text


def test_dot_goes_through_pydot_when_it_is_there(chain: keras.Sequential, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def parse(text: str) -> list:
        read.append(text)
        return [types.SimpleNamespace(get_subgraphs=lambda: ["cluster"])]

    monkeypatch.setitem(sys.modules, "pydot", types.SimpleNamespace(graph_from_dot_data=parse))
    assert keras.utils.model_to_dot(chain).get_subgraphs() == ["cluster"]
    assert keras.utils.model_to_dot(chain, subgraph=True) == "cluster"
    assert all(text.startswith("digraph") for text in read)


def test_shared_and_skipping_edges_lie_apart() -> None:
    """Boxes of one layer do not overlap, edges lead downwards and pass beside the boxes between their ends."""
    edges = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (3, 5), (4, 5), (0, 5)]
    sizes = {key: (1.0 + key, 0.5) for key in range(6)}
    layout = layered(sizes, edges, gap=0.3)
    boxes = {key: (x, y, *sizes[key]) for key, (x, y) in layout.places.items()}
    for (ax, ay, aw, ah), (bx, by, bw, bh) in itertools.combinations(boxes.values(), 2):
        assert abs(ax - bx) >= (aw + bw) / 2 + 0.3 - 1e-9 or abs(ay - by) >= (ah + bh) / 2
    for source, target in edges:
        assert layout.places[source][1] < layout.places[target][1]
        for px, py in layout.routes[source, target]:
            assert not any(abs(px - x) < w / 2 and abs(py - y) < h / 2 for x, y, w, h in boxes.values())
    assert layout.places[4][1] == layout.places[3][1]  # an input stands right above where it is needed
    right = max(x + w / 2 for x, _, w, _ in boxes.values())
    assert layout.size[0] == pytest.approx(right)
    with pytest.raises(ValueError, match="cycle"):
        layered({0: (1, 1), 1: (1, 1)}, [(0, 1), (1, 0)])


def test_crossings_are_removed() -> None:
    sizes = dict.fromkeys(range(8), (1.0, 0.5))
    layout = layered(sizes, [(0, 5), (1, 4), (2, 7), (3, 6)])
    order = sorted(range(4), key=lambda key: layout.places[key][0])
    below = sorted(range(4, 8), key=lambda key: layout.places[key][0])
    partner = {0: 5, 1: 4, 2: 7, 3: 6}
    assert [partner[key] for key in order] == below


@pytest.fixture
def wide_and_deep() -> Any:
    keras.utils.clear_session()
    wide, deep = keras.Input((8,), name="wide"), keras.Input((4,), name="deep")
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(8, name="inside")], name="inner")
    shared = layers.Dense(8, name="shared")
    encoded = inner(deep)
    joined = shared(wide) * shared(encoded) + encoded
    return keras.Model([wide, deep], [layers.Dense(1, name="main")(joined), layers.Dense(2, name="aux")(joined)])


def test_functional_models(wide_and_deep: Any) -> None:
    graph = graph_of(wide_and_deep)
    names = {entry.key: entry.layer.name for entry in graph.entries}
    assert {(names[a], names[b]) for a, b, _ in graph.edges} == {
        ("wide", "shared"), ("deep", "inner"), ("inner", "shared"), ("shared", "multiply"), ("inner", "add"),
        ("multiply", "add"), ("add", "main"), ("add", "aux"),
    }  # fmt: skip
    add = next(entry for entry in graph.entries if entry.layer.name == "add")
    assert list(add.facts(Shown(shapes=True))) == [
        ("Input shape", "[(None, 8), (None, 8)]"), ("Output shape", "(None, 8)")]  # fmt: skip
    opened = keras.utils.plot_model(wide_and_deep, None, show_layer_names=True, expand_nested=True)
    assert "inside (Dense)" in words(opened)
    assert "add (Add)" in words(opened)
    assert arrows(opened) == 8
