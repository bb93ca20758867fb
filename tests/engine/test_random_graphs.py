"""Random graphs against a NumPy interpreter of the same nodes.

What is fused, computed in place, kept in memory that others used before, or shared by threads must not be noticed.
"""

from collections.abc import Callable

import numpy as np
import pytest
from random_graphs import RandomGraph, random_graph

from ravine import _core

SetThreads = Callable[[int], None]


def run_and_compare(graph: RandomGraph, seed: int, batch_size: int, samples: int) -> bytes:
    """All bits of what a program gives and leaves behind, after comparing each batch with the interpreter."""
    random = np.random.default_rng(seed)
    feeds = graph.feeds(samples, random)
    order = random.permutation(samples) if seed % 2 else None
    program, variables = graph.program()
    shapes = graph.output_shapes()
    # What float32 loses in the interpreter is also granted to the engine.
    exact, rounded = graph.initial_state(np.float64), graph.initial_state(np.float32)
    outputs = [np.full([samples if dim is None else dim for dim in shape], 1e30, np.float32) for shape in shapes]
    bits = []
    for batch in range(-(-samples // batch_size)):
        rows = slice(batch * batch_size, min((batch + 1) * batch_size, samples))
        picked = np.arange(samples)[rows] if order is None else order[rows]
        fed = [feed[picked] if shape[:1] == (None,) else feed for feed, shape in zip(feeds, graph.inputs, strict=True)]
        with np.errstate(all="ignore"):
            wanted = [*graph.interpret(fed, exact, np.float64), *exact]
            coarse = [*graph.interpret(fed, rounded, np.float32), *rounded]
        assert program.run_batches(feeds, batch_size, batch, batch + 1, order, outputs) == batch + 1
        got = [output[rows] if shape[:1] == (None,) else output for output, shape in zip(outputs, shapes, strict=True)]
        got += [variable.value for variable in variables]
        names = [f"value {i}" for i in graph.outputs] + [f"variable {i}" for i in range(len(variables))]
        for name, value, want, low in zip(names, got, wanted, coarse, strict=True):
            bits.append(value.tobytes())
            with np.errstate(all="ignore"):  # what overflows in the interpreter is not compared
                tolerance = 1e-3 * (1 + np.abs(want).max(initial=0)) + 30 * np.abs(want - low).max(initial=0)
            if np.isfinite(tolerance):
                error = np.abs(value - want).max(initial=0)
                assert error <= tolerance, f"batch {batch}, {name}:\n{graph}\n{program.describe(batch_size)}"
    return b"".join(bits)


@pytest.mark.parametrize("seed", range(60))
def test_small(seed: int, set_threads: SetThreads, many: int) -> None:
    graph = random_graph(seed, [7, 5, 1, 3], 35)
    batch_size = (8, 1, 13)[seed % 3]
    set_threads(1)
    alone = run_and_compare(graph, seed, batch_size, 22)
    set_threads(many)
    assert f" {many} threads" in graph.program()[0].describe(batch_size)
    assert run_and_compare(graph, seed, batch_size, 22) == alone


@pytest.mark.parametrize("seed", range(100, 120))
def test_of_widths_that_threads_share(seed: int, set_threads: SetThreads, many: int) -> None:
    graph = random_graph(seed, [40, 33, 2, 3], 35)
    bits = []
    for threads in (1, 2, many):
        set_threads(threads)
        bits.append(run_and_compare(graph, seed, 21, 50))
    assert bits[0] == bits[1] == bits[2]


@pytest.mark.parametrize("seed", range(200, 206))
def test_on_every_instruction_set(seed: int, isa: str, set_threads: SetThreads, many: int) -> None:
    graph = random_graph(seed, [96, 64, 1, 3], 30)
    set_threads(many)
    bits = run_and_compare(graph, seed, 64, 150)
    assert run_and_compare(graph, seed, 64, 150) == bits


@pytest.mark.parametrize("seed", range(40))
def test_gradients(seed: int, set_threads: SetThreads, many: int) -> None:
    """The slope of sum(outputs * weights) along a random direction of all variables at once."""
    graph = random_graph(seed, [7, 5, 1, 3], 30, smooth=True)
    random = np.random.default_rng(seed)
    feeds = graph.feeds(9, random)
    state = graph.initial_state(np.float64)
    weights = [random.uniform(-1, 1, np.shape(out)) for out in graph.interpret(feeds, list(state), np.float64)]

    def loss(step: float) -> float:
        moved = [
            value + step * direction if value.dtype == np.float64 and value.ndim else value
            for value, direction in zip(state, directions, strict=True)
        ]
        outputs = graph.interpret(feeds, moved, np.float64)
        return float(sum(np.sum(output * weight) for output, weight in zip(outputs, weights, strict=True)))

    directions = [random.uniform(-1, 1, value.shape) for value in state]
    built, ids, variables = graph.build()
    total = built.constant(np.float32(0))
    entries, fed = ids[: len(graph.inputs)], list(feeds)
    for output, weight in zip(graph.outputs, weights, strict=True):
        shape = built.shape(ids[output])
        entries.append(built.input("weights", shape))
        fed.append(weight.astype(np.float32))
        (product,) = built.add("multiply", [ids[output], entries[-1]])
        (part,) = built.add("sum", [product], {"axes": list(range(len(shape)))})
        (total,) = built.add("add", [total, part])
    wanted = [i for i, value in enumerate(state) if value.dtype == np.float64 and value.ndim]
    gradients = built.gradients(total, [built.variable(variables[i]) for i in wanted])
    reached = [(i, g) for i, g in zip(wanted, gradients, strict=True) if g is not None]
    set_threads(1 if seed % 2 else many)
    results = _core.Program(built, entries, [g for _, g in reached]).run(fed)
    slope = sum(float(np.sum(result * directions[i])) for (i, _), result in zip(reached, results, strict=True))
    expected = (loss(1e-6) - loss(-1e-6)) / 2e-6
    scale = 1 + sum(float(np.abs(result).sum()) for result in results)
    assert abs(slope - expected) < 1e-5 * scale, str(graph)
