"""Updates that a matrix product does on its way: the bits are those of an update that comes after it."""

from collections.abc import Callable

import numpy as np
import pytest

from ravine import _core

SetThreads = Callable[[int], None]
KERNELS = {"sgd": 0, "sgd_momentum": 1, "sgd_nesterov": 1, "adam": 2}


def program(kernel: str, shape: tuple[int, int], decay: str, clip: bool, stored: bool) -> tuple[_core.Program, list]:
    """A step of w from the gradient x^T dy + a decay, clipped; a `stored` product does not stay in registers."""
    random = np.random.default_rng(1)
    values = [random.normal(size=shape), *(random.normal(size=shape) ** 2 for _ in range(KERNELS[kernel]))]
    state = [_core.Variable(v.astype(np.float32), f"v{i}") for i, v in enumerate(values)]
    numbers = {"sgd": [0.1], "adam": [0.01, 0.1]}.get(kernel, [0.1, 0.9])
    scalars = [_core.Variable(np.float32(number), "number") for number in numbers]
    rate = _core.Variable(np.float32(0.01), "decay")
    graph = _core.Graph()
    x, dy = graph.input("x", (None, shape[0])), graph.input("dy", (None, shape[1]))
    w, *slots = (graph.variable(v) for v in state)
    gradient = product = graph.add("matmul", [x, dy], {"transpose_a": 1})[0]
    sources = {"w": lambda: w, "sign": lambda: graph.add("sign", [w])[0]}
    changes = [graph.add("multiply", [sources[name](), graph.variable(rate)])[0] for name in decay.split()]
    if len(changes) == 2:
        changes = graph.add("add", changes)
    if changes:
        gradient = graph.add("add", [gradient, changes[0]])[0]
    if clip:
        gradient = graph.add("clip", [gradient], {"low": -2.0, "high": 1.5})[0]
    attrs = {"beta_2": 0.999, "epsilon": 1e-7} if kernel == "adam" else {}
    graph.add(kernel, [w, gradient, *slots, *(graph.variable(s) for s in scalars)], attrs)
    return _core.Program(graph, [x, dy], [product] if stored else []), state


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(24, 12), (41, 30), (9, 40), (41, 72), (50, 33), (100, 100), (40, 1024), (200, 600)])
@pytest.mark.parametrize(
    ("decay", "clip"),
    [("", False), ("w", False), ("", True), ("w", True), ("sign", False), ("w sign", False), ("sign w", True)],
)
def test_the_bits_of_an_update_apart(
    kernel: str, shape: tuple[int, int], decay: str, clip: bool, isa: str, set_threads: SetThreads, many: int
) -> None:
    random = np.random.default_rng(2)
    bits = []
    for rows in (5, 70):
        data = [random.normal(size=(rows, n)).astype(np.float32) for n in shape]
        for threads, stored in ((1, True), (1, False), (2, False), (many, False)):
            set_threads(threads)
            made, state = program(kernel, shape, decay, clip, stored)
            change = [
                *decay.replace("w", "multiply").replace("sign", "sign multiply").split(),
                *["add"] * len(decay.split()),
            ]
            expected = ["matmul", *change, *["clip"] * clip, kernel]
            assert " + ".join(expected) in made.describe(rows)
            for _ in range(2):
                made.run(data)
            bits.append(b"".join(v.value.tobytes() for v in state))
        assert len(set(bits)) == 1
        bits.clear()
