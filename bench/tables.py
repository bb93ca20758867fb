"""Pieces that all tables are made of."""

from __future__ import annotations

from rich import box
from rich.table import Table


def format_time(seconds: float) -> str:
    sign, size = ("-" if seconds < 0 else ""), abs(seconds)
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if size * scale >= 1:
            return f"{sign}{size * scale:.3g} {unit}"
    return f"{sign}{size * 1e9:.3g} ns"


def format_bytes(count: float | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e6:.3g} MB" if count >= 1e6 else f"{count / 1e3:.3g} kB"


def percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{100 * fraction:.0f} %"


def ratio(value: float | None) -> str:
    if value is None:
        return ""
    color = "green" if value >= 1.1 else "red" if value < 1 else "yellow"
    return f"[{color}]{value:.2f}[/]"


def threads_text(threads: int) -> str:
    return f"{threads} {'thread' if threads == 1 else 'threads'}"


def make_table(title: str, *left: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table
