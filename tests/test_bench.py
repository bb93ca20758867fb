"""The parts of the bench that measure nothing: tables, targets, comparisons, the chart, the shared loops."""

import copy
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
pytest.importorskip("bench", reason="a source distribution has no bench")

from bench import chart, compare, kernels, memory, targets
from bench.kernel_cases import CASES, GROUPS, KernelCase
from bench.measure import geometric_means, quartiles
from bench.report import print_report
from bench.report_costs import print_targets
from bench.runner import Epochs, Steps
from bench.tables import format_bytes, format_time
from bench.workloads import MAIN, WORKLOADS
from rich.console import Console

from ravine import Variable, ops


def peer(ratio: float, kind: str = "bare") -> dict[str, Any]:
    return {
        "kind": kind,
        "ratio": ratio,
        "ratio_low": ratio * 0.98,
        "ratio_high": ratio * 1.02,
        "seconds": ratio * 1e-4,
        "fraction_of_peak": 0.5 / ratio,
        "loss": 1.0,
    }


def step_row(workload: str, threads: int, **ratios: float) -> dict[str, Any]:
    loops = {"keras-tensorflow", "torch-loader"}
    peers = {
        label.replace("_", "-"): peer(ratio, "loop" if label.replace("_", "-") in loops else "bare")
        for label, ratio in ratios.items()
    }
    fastest = {}
    for kind in ("bare", "loop"):
        of_kind = [label for label, found in peers.items() if found["kind"] == kind]
        if of_kind:
            fastest[kind] = min(of_kind, key=lambda label: peers[label]["ratio"])
    return {
        "workload": workload,
        "threads": threads,
        "batch": WORKLOADS[workload].batch,
        "loss_after_steps": None if WORKLOADS[workload].predict else 512,
        "skipped": {"sklearn": "failed: it died"},
        "ravine": peer(1.0, "loop"),
        "peers": peers,
        "fastest": fastest,
    }


def product(isa: str, of_peak: float) -> dict[str, Any]:
    shape = {"M": 32.0, "K": 784.0, "N": 300.0, "seconds": 1e-4}
    ratios = {"x_blas": 1.2, "x_onednn": 1.05}
    return {"isa": isa, "form": "X W", **shape, **spread("of_peak", of_peak), **ratios}


def spread(name: str, value: float) -> dict[str, float]:
    return {name: value, f"{name}_low": value * 0.99, f"{name}_high": value * 1.01}


@pytest.fixture
def report() -> dict[str, Any]:
    rows = [
        step_row("tabular", 1, torch_whole=8.0, jax_scan=2.6, keras_tensorflow=90.0, torch_loader=40.0),
        step_row("fashion_mlp", 1, torch_whole=1.5, jax_scan=1.2, keras_tensorflow=12.0, torch_loader=4.0),
        step_row("fashion_mlp_predict_1", 1, onnxruntime=1.4, torch_eager=1.6),
    ]
    operation = {"kernel": "relu", "shape": "16K", "seconds": 8e-7, "gigabytes_per_second": 170.0}
    step = {"workload": "tabular", "steps": 23}
    for name, seconds in {"fit": 3.4e-6, "engine": 3.1e-6, "kernels": 2.8e-6}.items():
        step |= spread(name, seconds)
    step |= spread("engine_overhead", 3e-7) | spread("overhead", 6e-7)
    callback = spread("step", 4e-6) | spread("with_callback", 9e-6) | spread("callback", 5e-6)
    sizes = {"first": 700_000, "step": 600_000}
    return {
        "machine": {"processor": "A processor", "cpus": 2, "system": "Linux x86_64", "load": 0.1},
        "limits": {"1": {"flops": {"base": 5e10, "avx2": 1e11}, "copy_bytes_per_second": {"256 KiB": 2e11}}},
        "rows": rows,
        "geometric_means": geometric_means(rows),
        "kernels": {
            "gemm": [product("avx512", 0.9), product("avx2", 0.95)],
            "grid": [product("avx512", 0.9)],
            "operations": [{**operation, **spread("of_copy", 0.7), "peers": {"torch": spread("ratio", 1.1)}}],
            "skipped": {"onednn": "the library was not found"},
        },
        "overheads": {
            "step": step,
            "one_row": step_row("tabular_predict_1", 1, onnxruntime=1.4),
            "callbacks": {"rows": {"ravine": {**callback, **spread("ratio", 1.0)}}},
        },
        "scaling": [
            {"workload": "tabular", "threads": 2, **spread("ratio", 0.9), "slower": True},
            {"workload": "wide", "threads": 2, "skipped": {"with": "failed"}},
        ],
        "techniques": {
            "workload": "fashion_mlp",
            "seconds": 1e-4,
            "rows": {"clipnorm": {"added": 1.3e-5, "bytes": 3e6, "bytes_time": 2.7e-5, **spread("ratio", 1.13)}},
        },
        "memory": [
            {"workload": "wide", "ravine": sizes, "torch-eager": sizes, "ratio": 1.0, "plan": 2_000_000, "state": 5},
            {"workload": "tabular", "skipped": {"torch-eager": "torch is not installed"}},
        ],
    }


def written(console_call: Any, *arguments: Any) -> str:
    stream = io.StringIO()
    console_call(Console(file=stream, width=200), *arguments)
    return stream.getvalue()


def test_report_shows_every_section(report: dict[str, Any]) -> None:
    text = written(print_report, report)
    for part in (
        "jax-scan 2.60",
        "keras-tensorflow 32.86",  # the geometric mean of 90 and 12
        "32 x 784 x 300",
        "95 %",
        "relu",
        "the library was not found",
        "fit beyond the kernels",
        "600 ns",
        "slower than at 1",
        "clipnorm",
        "2 MB",
        "failed: it died",
    ):
        assert part in text, part


def test_report_without_the_optional_sections(report: dict[str, Any]) -> None:
    for section in ("kernels", "overheads", "scaling", "techniques", "memory"):
        del report[section]
    report["limits"] = {}
    assert "jax-scan 2.60" in written(print_report, report)


def test_targets(report: dict[str, Any]) -> None:
    found = {(target.name, target.against): target for target in targets.judge(report)}
    assert found["tabular", "jax-scan"].reached is True
    assert found["fashion_mlp", "jax-scan"].reached is False  # 1.2 of 1.3
    assert found["fashion_mlp_predict_1", "onnxruntime"].reached is True
    assert found["wide", "fastest bare step"].reached is None
    mean = found["all training workloads, geometric mean", "keras-tensorflow"]
    assert mean.reached is True and mean.measured == pytest.approx(math.sqrt(90 * 12))
    overhead = next(target for target in found.values() if target.at_most)
    assert overhead.reached is True and overhead.measured == pytest.approx(0.6)
    report["overheads"]["step"]["overhead"] = 2e-6
    assert targets.judge(report)[-1].reached is False
    text = written(print_targets, report)
    assert "not reached" in text and "not measured" in text


def test_targets_name_workloads() -> None:
    assert set(targets.BARE_STEP) == {name for name in MAIN if not WORKLOADS[name].predict}
    assert set(targets.PREDICTION) == {WORKLOADS[name].batch for name in MAIN if WORKLOADS[name].predict}
    assert set(chart._TITLES) == set(MAIN)


def test_a_report_against_itself_has_no_regression(report: dict[str, Any]) -> None:
    changes = [*compare.compare_steps(report, report), *compare.compare_kernels(report, report)]
    assert {change.ratio for change in changes} == {1.0}
    assert len(changes) == 3 + 3
    assert not any(change.verdict(1.05) for change in changes)


def test_regressions_are_found(
    report: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = copy.deepcopy(report)
    worse["rows"][0] = step_row("tabular", 1, torch_whole=7.0, jax_scan=2.275, keras_tensorflow=78.75)
    worse["kernels"]["gemm"][1] = product("avx2", 0.8)
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(report))
    new.write_text(json.dumps(worse))
    slower = {change.workload: change.ratio for change in compare.compare_files(old, new) if change.verdict(1.05)}
    assert slower == {"tabular": pytest.approx(8 / 7), "X W 32x784x300 avx2": pytest.approx(0.95 / 0.8)}
    for first, second, status in ((old, new, 1), (new, old, 0), (old, old, 0)):
        monkeypatch.setattr(sys, "argv", ["compare", str(first), str(second)])
        assert compare.main() == status
    assert "SLOWER" in capsys.readouterr().out


def test_a_change_within_the_spread_is_none() -> None:
    change = compare.Change("tabular", 1, ratio=1.2, low=0.97, high=1.4, note="")
    assert change.verdict(1.05) == ""


def test_files_of_before_the_kernels_compare(report: dict[str, Any]) -> None:
    older = {"rows": report["rows"]}
    assert compare.compare_kernels(older, report) == []
    assert len(compare.compare_steps(older, report)) == 3


def test_chart(report: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert chart.bars_of(report["rows"][1]) == {
        "PyTorch, fastest bare step": 1.5,
        "JAX, fastest bare step": 1.2,
        "Keras, fastest backend": 12.0,
    }
    chart.save_chart(report, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="nothing to draw"):
        chart.save_chart({**report, "rows": []}, tmp_path / "none.png")


def test_workload_counts() -> None:
    net = WORKLOADS["fashion_mlp"]
    products = (784 * 300, 300 * 100, 100 * 10)
    assert net.flops == 2 * 32 * (3 * sum(products) - products[0])
    assert net.parameters == (sum(products) + 410, 0)
    assert WORKLOADS["bn_mlp"].parameters == (sum(products) + 10 + 2 * (784 + 300 + 100), 2 * (784 + 300 + 100))


def test_steps_loop() -> None:
    seen: list[int] = []
    steps = Steps(lambda batch: seen.append(batch) or batch, [(1,), (2,), (3,)], granule=2, value=float)
    assert steps.loss(8) == pytest.approx((1 + 2 + 3 + 1) / 4)
    steps.run(4)
    assert seen == [1, 2, 3, 1, 1, 2]
    assert math.isnan(Steps(lambda batch: batch, [(1,)]).loss(3))


def test_epochs_loop() -> None:
    epochs = Epochs(lambda count: [2.0] * (count - 1) + [1.0], granule=10)
    assert epochs.loss(40) == pytest.approx(1.75)


def test_quartiles() -> None:
    assert quartiles("x", [5, 1, 4, 2, 3]) == {"x": 3, "x_low": 2, "x_high": 4}


def test_kernel_rows_add_up_both_directions() -> None:
    rows = [
        {"kernel": "batch_norm", "shape": "32 x 300", "seconds": 1.0, "gigabytes_per_second": 30.0, "of_copy": 0.3},
        {
            "kernel": "batch_norm_grad",
            "shape": "32 x 300",
            "seconds": 3.0,
            "gigabytes_per_second": 50.0,
            "of_copy": 0.1,
        },
        {"kernel": "relu", "count": 1 << 14, "seconds": 1.0, "gigabytes_per_second": 30.0, "of_copy": 0.3},
        {"kernel": "sgd", "shape": "33554432", "seconds": 2.0, "gigabytes_per_second": 30.0, "of_copy": 0.3},
    ]
    cases = [KernelCase("batch_norm", (32, 300)), KernelCase("relu", (1 << 14,)), KernelCase("sgd", (1 << 25,))]
    found = kernels.own_rows(rows, cases)
    both = found["batch_norm 32 x 300"]
    assert both["seconds"] == 4.0
    assert both["gigabytes_per_second"] == pytest.approx(45.0)
    assert both["of_copy"] == pytest.approx(0.15)
    assert found["sgd 32M"]["seconds"] == 2.0
    assert all(case.tiny.id in CASES for cases in GROUPS.values() for case in cases)


def test_plan_bytes_reads_what_the_engine_prints() -> None:
    weights = Variable([[1.0] * 8] * 4)
    with ops.Trace() as trace:
        x = trace.input("x", (None, 4))
        y = ops.relu(ops.matmul(x, weights))
    text = trace.program([x], [y]).describe(32)
    planned = memory.plan_bytes(text, 32)
    assert planned is not None and planned >= 4 * 32 * (4 + 8)
    assert memory.plan_bytes(text, 33) is None


def test_shrunk_workload_has_the_same_layers() -> None:
    for workload in WORKLOADS.values():
        small = memory.shrunk(workload)
        assert [type(layer) for layer in small.layers] == [type(layer) for layer in workload.layers]
        assert sum(small.parameters) < 10_000


def test_units() -> None:
    assert [format_time(seconds) for seconds in (2.0, 3e-3, 4.5e-6, 6e-8, -2e-6)] == [
        "2 s",
        "3 ms",
        "4.5 µs",
        "60 ns",
        "-2 µs",
    ]
    assert [format_bytes(count) for count in (None, 1500, 2_500_000)] == ["", "1.5 kB", "2.5 MB"]
