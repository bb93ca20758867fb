"""plot_model: a picture of a model. model_to_dot: the same for Graphviz."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from html import escape
from typing import Any

from ravine.plots import diagrams, style
from ravine.plots.diagrams import Box, Cell
from ravine.plots.layered import Layout, layered
from ravine.plots.model_graph import Entry, Graph, Shown, graph_of

MARGIN = 0.2
PADDING = 0.16  # around the layers of an opened model
TITLE = 0.24  # height of its title
DIRECTIONS = ("TB", "LR")


def plot_model(
    model: Any,
    to_file: str | os.PathLike | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw the layers of a model as boxes and what flows between them as arrows.

    Matplotlib draws it, so neither pydot nor Graphviz has to be installed.

    Args:
        model: a built model. One whose `call` is written by hand is a single box.
        to_file: the picture; its extension is the format (PNG, SVG, PDF). None saves nothing.
        show_shapes: input and output shape of each layer.
        show_dtype: the type of each output.
        show_layer_names: the name beside the class.
        rankdir: "TB", from top to bottom, or "LR", from left to right.
        expand_nested: show the layers of models inside of the model, in a frame.
        dpi: dots per inch. A picture that would have more pixels than an image can gets fewer.
        show_layer_activations: the activation, of layers that have one.
        show_trainable: whether each layer with weights is trained.
        splines: "line" and "polyline" draw straight arrows; all others of Graphviz' values draw curved ones.

    Returns:
        in a notebook the image, as Keras does (not for a PDF); else the Matplotlib figure.

    Raises:
        ValueError: the model is not built, or an argument is not known.
        ImportError: Matplotlib is not installed.
    """
    _check_arguments("plot_model", rankdir, kwargs)
    graph = graph_of(model, expand_nested)
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    with style.drawing("plot_model"):
        picture = _Picture(graph, shown, sideways=rankdir == "LR", curved=splines not in ("line", "polyline"))
        width, height = (size + 2 * MARGIN for size in picture.layout.size)
        file = None if to_file is None else _with_extension(to_file)
        with diagrams.canvas("plot_model", width, height, file, dpi) as axes:
            picture.draw(axes, MARGIN, height - MARGIN)
    if "IPython" in sys.modules and file is not None and not file.lower().endswith(".pdf"):
        display = importlib.import_module("IPython.display")
        return display.SVG(filename=file) if file.lower().endswith(".svg") else display.Image(filename=file)
    return axes.figure


def _with_extension(to_file: str | os.PathLike) -> str:
    file = os.fspath(to_file)
    return file if os.path.splitext(file)[1] else f"{file}.png"


def _check_arguments(where: str, rankdir: str, kwargs: dict) -> None:
    if kwargs.pop("layer_range", None) is not None:
        raise ValueError(f"{where}: `layer_range` is no longer supported; draw Model(inputs, outputs) of the part.")
    if kwargs:
        raise ValueError(f"{where}: argument(s) not recognized: {kwargs}.")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"{where}: expected rankdir to be one of {DIRECTIONS}, received {rankdir!r}.")


def _rows(entry: Entry, shown: Shown) -> list[list[Cell]]:
    name, kind = entry.title(shown)
    rows = [[Cell(name + kind, 11, True, "white", style.INK)]]
    facts = [Cell(f"{what}: {value}") for what, value in entry.facts(shown)]
    if shown.activations and facts and facts[0].text.startswith("Activation"):
        rows.append([facts.pop(0)])
    state = entry.state(shown)
    if state is not None:
        facts.append(Cell(state, 10, True, "white", style.GREEN if entry.layer.trainable else style.ORANGE))
    return [*rows, facts] if facts else rows


class _Picture:
    """A graph with the places of its boxes; y grows downwards from the upper left corner."""

    def __init__(self, graph: Graph, shown: Shown, sideways: bool, curved: bool) -> None:
        self.graph, self.shown, self.sideways, self.curved = graph, shown, sideways, curved
        self.rows = {e.key: _rows(e, shown) for e in graph.entries if e.inside is None}
        nested = {e.key: e.inside for e in graph.entries if e.inside is not None}
        self.inner: dict[int, _Picture] = {k: _Picture(g, shown, sideways, curved) for k, g in nested.items()}
        sizes = {key: diagrams.table_extent(rows) for key, rows in self.rows.items()}
        for key, picture in self.inner.items():
            sizes[key] = (picture.layout.size[0] + 2 * PADDING, picture.layout.size[1] + 2 * PADDING + TITLE)
        edges = [(source, target) for source, target, _ in graph.edges]
        self.sizes = sizes
        self.layout: Layout = self._arranged(sizes, edges)

    def _arranged(self, sizes: dict[int, tuple[float, float]], edges: list[tuple[int, int]]) -> Layout:
        if not self.sideways:
            return layered(sizes, edges)
        layout = layered({key: size[::-1] for key, size in sizes.items()}, edges)
        return Layout(
            {key: place[::-1] for key, place in layout.places.items()},
            {edge: [point[::-1] for point in points] for edge, points in layout.routes.items()},
            layout.size[::-1],
        )

    def draw(self, axes: Any, left: float, top: float) -> dict[int, Box]:
        """Draw into axes whose y grows upwards, the upper left corner at (left, top); returns where the layers are."""
        boxes = {}
        for key, (x, y) in self.layout.places.items():
            width, height = self.sizes[key]
            x, y = left + x, top - y
            if key in self.rows:
                boxes[key] = diagrams.table(axes, x, y, self.rows[key])
            else:
                inner = self.inner[key]
                diagrams.frame(axes, x - width / 2, y - height / 2, width, height, inner.graph.name)
                boxes.update(inner.draw(axes, x - width / 2 + PADDING, y + height / 2 - PADDING - TITLE))
        routes: dict[tuple[int, int], list[tuple[float, float]]] = {}  # one arrow, however many tensors take this way
        for source, target, index in self.graph.edges:
            joined = self.graph.last(source).key, self.graph.first(target, index).key
            routes.setdefault(joined, self.layout.routes[source, target])
        for (source, target), points in routes.items():
            start, end = boxes[source], boxes[target]
            route = [(left + x, top - y) for x, y in points]
            ends = (start.right, end.left) if self.sideways else (start.bottom, end.top)
            self._edge(axes, [ends[0], *route, ends[1]])
        return boxes

    def _edge(self, axes: Any, points: list[tuple[float, float]]) -> None:
        """An arrow through points that come in pairs: straight within a layer, curved from one to the next."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        vertices, codes = [points[0]], [Path.MOVETO]
        for index, (begin, end) in enumerate(itertools.pairwise(points)):
            if index % 2 == 0 and self.curved:
                if self.sideways:
                    middle = (begin[0] + end[0]) / 2
                    bends = [(middle, begin[1]), (middle, end[1])]
                else:
                    middle = (begin[1] + end[1]) / 2
                    bends = [(begin[0], middle), (end[0], middle)]
                vertices += [*bends, end]
                codes += [Path.CURVE4] * 3
            else:
                vertices.append(end)
                codes.append(Path.LINETO)
        arrow = FancyArrowPatch(
            path=Path(vertices, codes), arrowstyle="-|>", mutation_scale=11, linewidth=1.3, color=style.INK, zorder=1,
            shrinkA=0, shrinkB=0,
        )  # fmt: skip
        axes.add_patch(arrow)


# For Graphviz.


class Dot(str):
    """A graph in Graphviz' language DOT, as a string."""

    def to_string(self) -> str:
        return str(self)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """A model in Graphviz' language DOT. The arguments are those of `plot_model`, which needs no Graphviz.

    Args:
        subgraph: a cluster, to stand inside of another graph, instead of a graph of its own.

    Returns:
        with pydot installed a `pydot.Dot` (`pydot.Subgraph` for a `subgraph`); else the text, as a string that also
        has `to_string()`.

    Raises:
        ValueError: the model is not built, or an argument is not known.
    """
    _check_arguments("model_to_dot", rankdir, kwargs)
    graph = graph_of(model, expand_nested)
    shown = Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    numbers: dict[int, int] = {}
    body = "\n".join(_dot_lines(graph, shown, numbers))
    if subgraph:
        text = _cluster(graph.name, body)
    else:
        settings = f"rankdir={rankdir};\nconcentrate=true;\ndpi={dpi};\nsplines={splines};\n"
        settings += 'node [shape=plain, fontname="Helvetica"];\nedge [penwidth=2];'
        text = f"digraph {_quoted(graph.name)} {{\n{settings}\n{body}\n}}"
    try:
        pydot: Any = importlib.import_module("pydot")
    except ImportError:
        return Dot(text)
    whole = pydot.graph_from_dot_data(f"digraph {{\n{text}\n}}" if subgraph else text)[0]
    return whole.get_subgraphs()[0] if subgraph else whole


def _dot_lines(graph: Graph, shown: Shown, numbers: dict[int, int]) -> list[str]:
    lines = []
    for entry in graph.entries:
        if entry.inside is not None:
            lines.append(_cluster(entry.inside.name, "\n".join(_dot_lines(entry.inside, shown, numbers))))
        else:
            numbers[entry.key] = len(numbers)
            lines.append(f"layer{numbers[entry.key]} [label=<{_label(entry, shown)}>];")
    ends = [(graph.last(source).key, graph.first(target, index).key) for source, target, index in graph.edges]
    return [*lines, *(f"layer{numbers[a]} -> layer{numbers[b]};" for a, b in dict.fromkeys(ends))]


def _label(entry: Entry, shown: Shown) -> str:
    rows = _rows(entry, shown)
    columns = max(len(row) for row in rows)
    text = '<table border="0" cellborder="1" cellspacing="0" cellpadding="6">'
    for row in rows:
        text += "<tr>"
        for cell in row:
            span = f' colspan="{columns}"' if len(row) == 1 and columns > 1 else ""
            words = escape(cell.text)
            words = f"<b>{words}</b>" if cell.bold else words
            text += f'<td{span} bgcolor="{cell.fill}"><font color="{cell.ink}">{words}</font></td>'
        text += "</tr>"
    return text + "</table>"


def _cluster(name: str, body: str) -> str:
    return f"subgraph {_quoted('cluster_' + name)} {{\nlabel={_quoted(name)};\nlabeljust=l;\nstyle=dashed;\n{body}\n}}"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
