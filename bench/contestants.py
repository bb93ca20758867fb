"""Who takes part: a name, the module that runs it, and what it needs. Nothing heavy is imported here."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Unsupported(Exception):
    """This contestant cannot do this workload; the message says why."""


class Runner(Protocol):
    """What a contestant's module returns from `make(name, workload, threads)`: a net that is ready to be trained."""

    granule: int  # steps come in multiples of this: 1, or the batches of an epoch

    def loss(self, steps: int) -> float:
        """Trains `steps` steps and returns the mean of their training losses (NaN where nothing is trained)."""

    def run(self, steps: int) -> None:
        """Does `steps` steps; returns when they are finished."""


@dataclass(frozen=True)
class Contestant:
    """`kind`: "bare" is nothing but the step, on batches that lie ready; "loop" is the loop that users really run."""

    name: str
    module: str
    kind: str
    packages: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    mkl_avx512: bool = False  # preload a library that talks MKL into its AVX-512 path on every processor

    def missing(self) -> list[str]:
        return [package for package in self.packages if importlib.util.find_spec(package) is None]


_JAX = {"JAX_PLATFORMS": "cpu"}
_CPP_WRAPPER = {"TORCHINDUCTOR_CPP_WRAPPER": "1"}  # the compiled step is called from C++, not from generated Python

_TENSORFLOW = {"KERAS_BACKEND": "tensorflow"}
_KERAS_JAX = {"KERAS_BACKEND": "jax", **_JAX}

RAVINE = Contestant("ravine", "ravine_runs", "loop", ("ravine",))

PEERS: dict[str, Contestant] = {
    contestant.name: contestant
    for contestant in [
        Contestant("torch-eager", "peer_torch", "bare", ("torch",)),
        Contestant("torch-compiled", "peer_torch", "bare", ("torch",)),
        Contestant("torch-whole", "peer_torch", "bare", ("torch",), _CPP_WRAPPER),
        Contestant("torch-eager-mkl512", "peer_torch", "bare", ("torch",), mkl_avx512=True),
        Contestant("torch-compiled-mkl512", "peer_torch", "bare", ("torch",), mkl_avx512=True),
        Contestant("torch-whole-mkl512", "peer_torch", "bare", ("torch",), _CPP_WRAPPER, mkl_avx512=True),
        Contestant("torch-loader", "peer_torch", "loop", ("torch",)),
        Contestant("jax-jit", "peer_jax", "bare", ("jax",), _JAX),
        Contestant("jax-scan", "peer_jax", "bare", ("jax",), _JAX),
        Contestant("keras-jax", "peer_keras", "loop", ("keras", "jax"), _KERAS_JAX),
        Contestant("keras-tensorflow", "peer_keras", "loop", ("keras", "tensorflow"), _TENSORFLOW),
        Contestant("sklearn", "peer_sklearn", "loop", ("sklearn",)),
        Contestant("onnxruntime", "peer_onnx", "bare", ("onnxruntime",)),
    ]
}

#: `fit` with a callback after every batch.
WITH_CALLBACK: dict[str, Contestant] = {
    contestant.name: contestant
    for contestant in [
        Contestant("ravine-callback", "ravine_runs", "loop", ("ravine",)),
        Contestant("keras-jax-callback", "peer_keras", "loop", ("keras", "jax"), _KERAS_JAX),
        Contestant("keras-tensorflow-callback", "peer_keras", "loop", ("keras", "tensorflow"), _TENSORFLOW),
    ]
}

#: Other ways to predict with ravine.
PREDICTIONS: dict[str, Contestant] = {
    name: Contestant(name, "ravine_runs", "loop", ("ravine",)) for name in ("ravine-predict", "ravine-call")
}

# Freed memory stays in the process: what is timed is the operation, not the system's work for the memory of its result.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}

#: Single operations.
KERNELS: dict[str, Contestant] = {
    contestant.name: contestant
    for contestant in [
        Contestant("torch-kernels", "kernels_torch", "bare", ("torch",), _KEEP_MEMORY),
        Contestant("jax-kernels", "kernels_jax", "bare", ("jax",), _JAX | _KEEP_MEMORY),
    ]
}


def find(name: str) -> Contestant:
    if name.startswith("technique-"):
        return Contestant(name, "technique_runs", "loop", ("ravine",))
    return {RAVINE.name: RAVINE, **PEERS, **WITH_CALLBACK, **PREDICTIONS, **KERNELS}[name]


FAMILIES = sorted({name.split("-")[0] for name in PEERS})


def select_peers(names: list[str] | None) -> list[Contestant]:
    """Peers by name or by family ("torch" is every torch-*); all of them for None. Raises ValueError for a bad name."""
    if names is None:
        return list(PEERS.values())
    chosen = [peer for peer in PEERS.values() if peer.name in names or peer.name.split("-")[0] in names]
    unknown = sorted(set(names) - set(PEERS) - set(FAMILIES))
    if unknown:
        raise ValueError(f"Unknown peers {', '.join(unknown)}; there are {', '.join([*FAMILIES, *PEERS])}.")
    return chosen
