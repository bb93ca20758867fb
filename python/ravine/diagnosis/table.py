"""A report as text: a table of the layers, then the verdicts."""

from __future__ import annotations

from ravine.diagnosis.report import LayerHealth, Report

HEADINGS = ("layer", "activation", "mean", "std", "saturated", "dead", "gradient", "weights", "update/weights")


def text(report: Report) -> str:
    rate = "" if report.learning_rate is None else f", learning rate {report.learning_rate:.3g}"
    title = f"Diagnosis of {report.model!r}: {report.samples} samples, loss {report.loss:.4g}{rate}"
    rows = [_cells(layer) for layer in report.layers]
    lines = [title, _rich_table(rows) or _plain_table(rows)]
    if report.healthy:
        lines.append("Healthy: nothing stands out.")
    for number, verdict in enumerate(report.verdicts, 1):
        lines.append(f"{number}. {verdict}")
    return "\n".join(lines)


def _cells(layer: LayerHealth) -> list[str]:
    return [
        f"{layer.name} ({layer.kind})" + ("" if layer.trainable else " frozen"),
        layer.activation or "",
        f"{layer.mean:.2g}",
        f"{layer.std:.2g}",
        _share(layer.saturated),
        _share(layer.dead),
        _number(layer.gradient_norm),
        _number(layer.weight_norm),
        _number(layer.update_ratio),
    ]


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _rich_table(rows: list[list[str]]) -> str | None:
    """None when `rich` is not installed or the output cannot show its lines."""
    import sys

    from ravine.utils.progress import can_encode

    if not can_encode(sys.stdout, "┏"):
        return None
    try:
        from rich.box import HEAVY_HEAD
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        return None
    table = Table(box=HEAVY_HEAD)
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if place < 2 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(width=120, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as capture:
        console.print(table, highlight=False, markup=False)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _plain_table(rows: list[list[str]]) -> str:
    table = [list(HEADINGS), *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(w) if place < 2 else cell.rjust(w)
            for place, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
