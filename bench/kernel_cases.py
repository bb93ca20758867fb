"""The single operations that are measured: a kernel of ravine and what its peers do for the same result."""

from __future__ import annotations

from dataclasses import dataclass

ACTIVATIONS = ("relu", "silu", "gelu", "elu", "selu", "mish", "tanh", "softplus", "sigmoid")
UPDATES = ("sgd", "sgd_momentum", "sgd_nesterov", "adam", "nadam")
COUNTS = (1 << 14, 1 << 20)
BEYOND_CACHES = 1 << 25  # where it is memory that limits: updates, and relu for all activations


@dataclass(frozen=True)
class KernelCase:
    """`kernel` on operands of this shape. softmax_loss and batch_norm are forward and backward together."""

    kernel: str
    shape: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{self.kernel} {self.where}"

    @property
    def where(self) -> str:
        sizes = {1 << 14: "16K", 1 << 20: "1M", BEYOND_CACHES: "32M"}
        return " x ".join(str(sizes.get(size, size)) for size in self.shape)

    @property
    def size(self) -> int:
        rows = self.shape[0] if len(self.shape) == 2 else 1
        return rows * self.shape[-1]

    @property
    def is_update(self) -> bool:
        return self.kernel in UPDATES

    @property
    def tiny(self) -> KernelCase:
        """The same call with next to no work: what it costs to ask for it."""
        return KernelCase(self.kernel, (16,) if len(self.shape) == 1 else (2, 2))


def _both(name: str) -> list[KernelCase]:
    counts = (*COUNTS, BEYOND_CACHES) if name == "relu" else COUNTS
    return [KernelCase(kernel, (count,)) for kernel in (name, f"{name}_grad") for count in counts]


#: What one run of a C++ program measures, by the program's arguments.
GROUPS: dict[tuple[str, ...], list[KernelCase]] = {
    **{("eltwise", name, f"{name}_grad"): _both(name) for name in ACTIVATIONS},
    ("batch_norm_softmax",): [
        *(KernelCase("softmax_loss", shape) for shape in ((32, 10), (256, 1000), (4096, 1000))),
        *(KernelCase("batch_norm", shape) for shape in ((32, 300), (256, 4096))),
    ],
    ("optimizers",): [KernelCase(name, (count,)) for count in (*COUNTS, BEYOND_CACHES) for name in UPDATES],
}

_ALL = [case for cases in GROUPS.values() for case in cases]
CASES = {case.id: case for case in [*_ALL, *(case.tiny for case in _ALL)]}
