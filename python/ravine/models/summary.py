"""The table that `model.summary()` prints."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ravine.layers.operation import Operation

HEADINGS = ("Layer (type)", "Output Shape", "Param #")


Entry = tuple[Any, Any]


class Row(NamedTuple):
    name: str
    kind: str
    shape: str
    parameters: str
    sources: str
    trainable: str
    depth: int


class Columns(NamedTuple):
    """Which of the columns are shown that not every table has."""

    sources: bool
    trainable: bool

    def headings(self) -> list[str]:
        return [*HEADINGS, *["Connected to"] * self.sources, *["Trainable"] * self.trainable]

    def cells(self, row: Row) -> list[str]:
        first = "  " * row.depth + f"{row.name} ({row.kind})"
        return [first, row.shape, row.parameters, *[row.sources] * self.sources, *[row.trainable] * self.trainable]


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: list[str] | tuple[str, str] | None = None,
) -> None:
    """Print the layers with their output shapes and parameter counts, then the totals. Where layers do not simply
    follow each other, a column says whose outputs each one takes.

    Args:
        model: built or not; layers that have no shape yet show "?".
        line_length: width of the table.
        positions: right edge of every column, as fractions of the width (up to 1) or in characters.
        print_fn: called once with the whole text; default prints it.
        expand_nested: also list the layers inside of layers that are models.
        show_trainable: a column that says whether each layer trains (Y, N; - without weights).
        layer_range: first and last layer to show, by name.
    """
    rows = _rows(_select(_entries(model), layer_range), _sources(model), expand_nested, 0)
    columns = Columns(not _is_chain(model), show_trainable)
    title = f'Model: "{model.name}"'
    text = _rich_table(title, rows, columns, line_length, print_fn is None) if positions is None else None
    if text is None:
        text = _plain_table(title, rows, columns, line_length, positions)
    text += "\n" + "\n".join(_totals(model))
    if print_fn is None:
        print(text)
    else:
        print_fn(text)


def _select(entries: list[Entry], layer_range: list[str] | tuple[str, str] | None) -> list[Entry]:
    if layer_range is None:
        return entries
    if len(layer_range) != 2:
        raise ValueError(f"summary: layer_range expected the names of two layers, received {layer_range!r}.")
    names = [layer.name for layer, _ in entries]
    for name in layer_range:
        if name not in names:
            raise ValueError(f"summary: no layer {name!r} in layer_range; the layers are {', '.join(names)}.")
    first, last = sorted(names.index(name) for name in layer_range)
    return entries[first : last + 1]


def _entries(model: Any) -> list[Entry]:
    """The layers of a model with their output shapes, None where unknown."""
    return list(zip(model.operations, model._output_shapes(), strict=True))


def _is_chain(model: Any) -> bool:
    """Whether every layer takes what the one before it gives, and nothing else."""
    network = model._network
    if network is None:
        return True
    if len(network.input_tensors) > 1 or len(network.nodes) + 1 != len(network.layers):
        return False
    tensors = [network.input_tensors[0], *(node.outputs for node in network.nodes)]
    return all(
        len(node.inputs) == 1 and node.inputs[0] is tensor for node, tensor in zip(network.nodes, tensors, strict=False)
    )


def _sources(model: Any) -> dict[int, str]:
    """The names of the layers whose outputs each layer of a model takes, by the layer's identity."""
    network = model._network
    if network is None:
        return {}
    names = {id(x): source.name for x, source in zip(network.input_tensors, network.sources, strict=True)}
    found: dict[int, list[str]] = {}
    for node in network.nodes:
        found.setdefault(id(node.layer), []).extend(names.get(id(x)) or x.node.layer.name for x in node.inputs)
    return {key: ", ".join(dict.fromkeys(sources)) for key, sources in found.items()}


def _rows(entries: list[Entry], sources: dict[int, str], expand_nested: bool, depth: int) -> list[Row]:
    rows = []
    for layer, shape in entries:
        text = _shape_text(shape) if shape is not None and layer.built else "?"
        taken = sources.get(id(layer), "-")
        kind = layer.kind if isinstance(layer, Operation) else type(layer).__name__
        rows.append(Row(layer.name, kind, text, _count_text(layer), taken, _trains(layer), depth))
        if expand_nested and hasattr(layer, "_output_shapes"):
            rows += _rows(_entries(layer), _sources(layer), True, depth + 1)
    return rows


def _shape_text(shape: Any) -> str:
    """A shape, or the shapes of several outputs."""
    if isinstance(shape, dict):
        return ", ".join(f"{key}: {_shape_text(value)}" for key, value in shape.items())
    if isinstance(shape, list) or (isinstance(shape, tuple) and any(isinstance(x, (list, tuple)) for x in shape)):
        return ", ".join(map(_shape_text, shape))
    return str(tuple(shape))


def _count_text(layer: Any) -> str:
    if not layer.built:
        return "0 (unbuilt)"
    return f"{layer.count_params():,}"


def _trains(layer: Any) -> str:
    if not layer.weights:
        return "-"
    return "Y" if layer.trainable else "N"


def _totals(model: Any) -> list[str]:
    trainable = _unique(model.trainable_variables)
    frozen = _unique(model.non_trainable_variables)
    lines = [
        ("Trainable params", trainable),
        ("Non-trainable params", frozen),
    ]
    everything = trainable + frozen
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        slots = _unique(optimizer.variables)
        lines.append(("Optimizer params", slots))
        everything = everything + slots
    return [f" {name}: {_size_text(group)}" for name, group in [("Total params", everything), *lines]]


def _unique(variables: list[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def _size_text(variables: list[Any]) -> str:
    count = sum(math.prod(variable.shape) for variable in variables)
    size = float(sum(math.prod(variable.shape) * (8 if "64" in str(variable.dtype) else 4) for variable in variables))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{count:,} ({size:.2f} {unit})"


def _rich_table(title: str, rows: list[Row], columns: Columns, width: int | None, to_screen: bool) -> str | None:
    """None when `rich` is not installed or the output cannot show its lines."""
    import sys

    from ravine.utils.progress import can_encode, can_redraw, use_colour

    if to_screen and not can_encode(sys.stdout, "┏"):
        return None
    try:
        from rich.box import HEAVY_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return None
    table = Table(box=HEAVY_HEAD, header_style="bold", show_lines=False, expand=width is not None)
    justify = {HEADINGS[2]: "right", "Trainable": "center"}
    for heading in columns.headings():
        table.add_column(heading, justify=justify.get(heading, "left"), overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        name, shape, count, *rest = columns.cells(row)
        label = Text(name)
        label.highlight_regex(r"(?<=\()\w+(?=\)$)", "blue")
        table.add_row(label, Text(shape, "cyan"), Text(count, "green"), *rest)
    coloured = to_screen and use_colour(sys.stdout)
    terminal = to_screen and can_redraw(sys.stdout)
    console = Console(
        width=width or (None if terminal else 100),
        force_terminal=coloured,
        force_jupyter=False,
        color_system="standard" if coloured else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(title, style="bold", highlight=False)
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _plain_table(
    title: str, rows: list[Row], columns: Columns, width: int | None, positions: list[float] | None
) -> str:
    headings = columns.headings()
    table = [headings, *(columns.cells(row) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) + 2 for column in range(len(headings))]
    if positions is not None:
        total = width or 80
        edges = [round(p * total) if p <= 1 else int(p) for p in positions[: len(headings)]]
        if len(edges) < len(headings) or edges != sorted(edges):
            raise ValueError(f"summary: positions expected {len(headings)} rising numbers, received {positions}.")
        widths = [right - left for left, right in zip([0, *edges], edges, strict=False)]
    elif width is not None:
        widths[0] += max(0, width - sum(widths))
    rule = "=" * sum(widths)
    lines = [title, rule.replace("=", "-")]
    for index, cells in enumerate(table):
        for part in _wrapped(cells, widths):
            lines.append("".join(text.ljust(size) for text, size in zip(part, widths, strict=True)).rstrip())
        if index == 0:
            lines.append(rule)
    return "\n".join([*lines, rule])


def _wrapped(cells: list[str], widths: list[int]) -> list[list[str]]:
    pieces = [
        [cell[i : i + size - 1] for i in range(0, max(len(cell), 1), max(size - 1, 1))]
        for cell, size in zip(cells, widths, strict=True)
    ]
    height = max(len(column) for column in pieces)
    return [[column[i] if i < len(column) else "" for column in pieces] for i in range(height)]
