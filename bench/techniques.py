"""What a technique adds to a training step: `fashion_mlp` with momentum, with and without it, taking turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import machine
from bench.contestants import find
from bench.measure import Entrant, Log, Settings, interleave, ratios
from bench.workloads import WORKLOADS

WORKLOAD = "fashion_mlp"
PLAIN = "nothing"


@dataclass(frozen=True)
class Technique:
    """`passes`: how often every weight, gradient, slot or average is read or written beyond the plain step, which uses
    up each gradient where it is made. The other fields change the model and its optimizer."""

    passes: float = 0
    optimizer: Callable[[Any], dict[str, Any]] = lambda keras: {}
    dense: Callable[[Any], dict[str, Any]] = lambda keras: {}


TECHNIQUES: dict[str, Technique] = {
    PLAIN: Technique(),
    "ExponentialDecay": Technique(
        optimizer=lambda keras: {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 10_000, 0.1)}
    ),
    "OneCycle": Technique(
        optimizer=lambda keras: {"learning_rate": keras.optimizers.schedules.OneCycle(0.01, 10_000_000)}
    ),
    "clipvalue": Technique(optimizer=lambda keras: {"clipvalue": 1.0}),
    "clipnorm": Technique(3, optimizer=lambda keras: {"clipnorm": 1.0}),  # written, read for the norm, read again
    "global_clipnorm": Technique(3, optimizer=lambda keras: {"global_clipnorm": 1.0}),
    "weight_decay": Technique(2, optimizer=lambda keras: {"weight_decay": 1e-4}),
    "use_ema": Technique(3, optimizer=lambda keras: {"use_ema": True}),
    "gradient_accumulation_steps": Technique(2, optimizer=lambda keras: {"gradient_accumulation_steps": 4}),
    "l2": Technique(1, dense=lambda keras: {"kernel_regularizer": keras.regularizers.L2(1e-4)}),
    "l1_l2": Technique(1, dense=lambda keras: {"kernel_regularizer": keras.regularizers.L1L2(1e-5, 1e-4)}),
    "non_neg": Technique(2, dense=lambda keras: {"kernel_constraint": keras.constraints.NonNeg()}),
    "max_norm": Technique(3, dense=lambda keras: {"kernel_constraint": keras.constraints.MaxNorm(1.0)}),
}


def measure_techniques(settings: Settings, log: Log) -> dict[str, Any]:
    """On one thread: `ratio` is the time with a technique : without, `added` seconds, and `bytes_time` what its passes
    take at the bandwidth of a copy between caches."""
    entrants = [Entrant(name, find(f"technique-{name}")) for name in TECHNIQUES]
    rounds = interleave(entrants, WORKLOADS[WORKLOAD], 1, settings, log, required=PLAIN)
    if PLAIN not in rounds.samples:
        return {"skipped": rounds.skipped}
    weights = 4 * WORKLOADS[WORKLOAD].parameters[0]
    bandwidth = machine.limits(1).get("copy_bytes_per_second", {}).get("8 MiB")
    plain = rounds.samples[PLAIN]
    base = statistics.median(plain.seconds)
    rows = {}
    for name, technique in TECHNIQUES.items():
        if name == PLAIN or name not in rounds.samples:
            continue
        seconds = statistics.median(rounds.samples[name].seconds)
        rows[name] = {
            "seconds": seconds,
            "added": seconds - base,
            "bytes": technique.passes * weights,
            "bytes_time": technique.passes * weights / bandwidth if bandwidth else None,
            **ratios(rounds.samples[name], plain),
        }
    return {"workload": WORKLOAD, "seconds": base, "rows": rows, "skipped": rounds.skipped}
