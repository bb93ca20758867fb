"""Tables of the single operations."""

from __future__ import annotations

import math
import statistics
from typing import Any

from rich.console import Console

from bench.tables import format_time, make_table, percent, ratio

Result = dict[str, Any]

_LIBRARIES = {"x_blas": "OpenBLAS", "x_onednn": "oneDNN", "x_eigen": "Eigen"}
_LAYER = ("M", "K", "N")


def _layer(row: Result) -> str:
    return " x ".join(str(int(row[name])) for name in _LAYER)


def _compared(rows: list[Result]) -> list[str]:
    return [name for name in _LIBRARIES if any(name in row for row in rows)]


def print_gemm(console: Console, rows: list[Result]) -> None:
    isas = list(dict.fromkeys(row["isa"] for row in rows))
    by_key = {(row["isa"], row["form"], *(row[name] for name in _LAYER)): row for row in rows}
    columns = [(isa, name) for isa in isas for name in ["of_peak", *_compared([r for r in rows if r["isa"] == isa])]]
    heads = tuple(f"{isa}\n{'of FMA peak' if name == 'of_peak' else _LIBRARIES[name]}" for isa, name in columns)
    title = "Matrix products of a dense layer, M samples x K inputs x N outputs, 1 thread; library's time : ravine's"
    table = make_table(title, "layer", "product", right=heads)
    for row in (row for row in rows if row["isa"] == isas[0]):
        cells = []
        for isa, name in columns:
            value = by_key.get((isa, row["form"], *(row[size] for size in _LAYER)), {}).get(name)
            cells.append(percent(value) if name == "of_peak" else ratio(value))
        table.add_row(_layer(row), row["form"], *cells)
    console.print(table)


def print_grid(console: Console, rows: list[Result], listed: int = 12) -> None:
    sizes = sorted({int(row[name]) for row in rows for name in _LAYER})
    title = f"Matrix products over all M, K, N of {', '.join(map(str, sizes))}: library's time : ravine's"
    heads = ("products", "lowest", "lower tenth", "median", "geometric mean", "ravine is\nnot slower")
    table = make_table(title, "instructions", "product", "library", right=heads)
    for isa in dict.fromkeys(row["isa"] for row in rows):
        for form in dict.fromkeys(row["form"] for row in rows):
            chosen = [row for row in rows if row["isa"] == isa and row["form"] == form]
            for name in _compared(chosen):
                values = sorted(row[name] for row in chosen if name in row)
                mean = math.exp(statistics.fmean(map(math.log, values)))
                figures = (values[0], values[len(values) // 10], statistics.median(values), mean)
                share = sum(value >= 1 for value in values) / len(values)
                table.add_row(
                    isa,
                    form,
                    _LIBRARIES[name],
                    str(len(values)),
                    *(f"{value:.2f}" for value in figures),
                    percent(share),
                )
    console.print(table)
    names = _compared(rows)
    if not names:
        return

    def lowest(row: Result) -> float:
        return min(row[name] for name in names if name in row)

    table = make_table(
        f"The {listed} lowest of them", "instructions", "layer", "product", right=("of FMA peak", *_LIBRARIES.values())
    )
    for row in sorted(rows, key=lowest)[:listed]:
        cells = [ratio(row.get(name)) for name in _LIBRARIES]
        table.add_row(row["isa"], _layer(row), row["form"], percent(row["of_peak"]), *cells)
    console.print(table)


def print_operations(console: Console, rows: list[Result]) -> None:
    peers = list(dict.fromkeys(name for row in rows for name in row["peers"]))
    title = "Operations, 1 thread: ravine against a copy of as many bytes, and peer's time : ravine's"
    table = make_table(title, "operation", "floats", right=("ravine", "GB/s", "of a copy", *peers))
    for row in rows:
        both = row["kernel"] in ("softmax_loss", "batch_norm")
        table.add_row(
            f"{row['kernel']}, forward and backward" if both else row["kernel"],
            row["shape"],
            format_time(row["seconds"]),
            f"{row['gigabytes_per_second']:.0f}",
            percent(row["of_copy"]),
            *(ratio(row["peers"].get(name, {}).get("ratio")) for name in peers),
        )
    console.print(table)


def print_kernels(console: Console, kernels: Result) -> None:
    if kernels.get("gemm"):
        print_gemm(console, kernels["gemm"])
    if kernels.get("operations"):
        print_operations(console, kernels["operations"])
    if kernels.get("grid"):
        print_grid(console, kernels["grid"])
    for name, why in kernels.get("skipped", {}).items():
        console.print(f"[red]not measured: {name}: {why}[/]", highlight=False)
