"""The same bits at every number of threads and in every run."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from networks import OPTIMIZERS, Network, network

from ravine import _core, ops

SetThreads = Callable[[int], None]


def threads_of(plan: str) -> int:
    found = re.search(r"(\d+) threads?,", plan)
    assert found is not None
    return int(found.group(1))


def train(net: Network, batch_size: int, steps: int, shuffled: bool = True) -> bytes:
    samples = batch_size * (steps - 1) + max(1, batch_size // 3)  # the last batch is short
    order = _core.shuffle(samples, 7) if shuffled else None
    probs = np.zeros((samples, 5), np.float32)
    loss = np.zeros((), np.float32)
    assert net.program.run_batches(net.data(samples), batch_size, 0, steps, order, [loss, probs]) == steps
    assert np.isfinite(probs).all()
    return net.bits() + probs.tobytes() + loss.tobytes()


@pytest.mark.parametrize("seed", range(32))
def test_random_networks(seed: int, set_threads: SetThreads, many: int) -> None:
    random = np.random.default_rng(seed)
    widths = [int(w) for w in random.choice([1, 7, 16, 33, 40, 64, 100, 130], random.integers(2, 5))]
    options = {
        "optimizer": OPTIMIZERS[seed % 4],
        "activation": str(random.choice(["relu", "tanh", "gelu", "sigmoid"])),
        "batch_norm": bool(random.random() < 0.5),
        "dropout": bool(random.random() < 0.5),
        "decay": bool(random.random() < 0.3),
    }
    batch_size = int(random.choice([1, 3, 8, 32, 61])) if not options["batch_norm"] else int(random.choice([8, 32, 61]))
    bits = []
    for threads in (1, 2, many, many):
        set_threads(threads)
        net = network(widths, seed=seed, **options)  # type: ignore[arg-type]
        bits.append(train(net, batch_size, 4))
    assert threads_of(net.program.describe(batch_size)) == many
    assert bits[0] == bits[1] == bits[2] == bits[3], (widths, options, batch_size)


@pytest.mark.parametrize(("rows", "columns"), [(256, 128), (40, 130), (40, 5)])
def test_signs_of_zeros(rows: int, columns: int, isa: str, set_threads: SetThreads, many: int) -> None:
    """Sums walk down columns in several ways, by the width of a share: none may keep a sign that others lose."""
    x, signs = np.full((rows, columns), -0.0, np.float32), []
    for threads in (1, 2, many):
        set_threads(threads)
        with ops.Trace() as trace:
            features = trace.input("x", x.shape)
            total = ops.sum(features, axis=0)
        signs.append(np.signbit(trace.program([features], [total]).run([x])[0]).tolist())
    assert signs[0] == signs[1] == signs[2]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_wide_layers_are_shared_without_being_asked(optimizer: str, isa: str, set_threads: SetThreads) -> None:
    bits = []
    for threads in (1, 2):
        set_threads(threads)
        net = network([200, 320, 240], optimizer, batch_norm=True, dropout=True, decay=True)
        bits.append(train(net, 64, 3))
        assert threads_of(net.program.describe(64)) == min(threads, _core.available_threads())
    assert bits[0] == bits[1]


@pytest.mark.parametrize("rows", [7, 43, 64, 300])
def test_a_channel_does_not_depend_on_its_neighbours(rows: int, isa: str) -> None:
    """Rows that lie a power of two apart are walked in another order, which no number may show."""
    random = np.random.default_rng(rows)
    x, dy = (random.normal(size=(rows, 4096)).astype(np.float32) for _ in range(2))

    def results(channels: int) -> list[np.ndarray]:
        part, gradient = (np.ascontiguousarray(a[:, :channels]) for a in (x, dy))
        y, mean, variance, inv_std = _core.eager("batch_norm", [part], {"epsilon": 0.1, "scale": 0, "center": 0})
        backward = _core.eager("batch_norm_grad", [part, mean, inv_std, gradient], {"epsilon": 0.1, "scale": 0})
        return [y, mean, variance, inv_std, *backward, *_core.eager("sum", [part], {"axes": [0], "keepdims": 0})]

    whole = results(4096)
    for channels in (4095, 512, 300, 60, 3):
        for got, want in zip(results(channels), whole, strict=True):
            np.testing.assert_array_equal(got, want[..., :channels])


def test_batch_norm_before_a_dense_layer(set_threads: SetThreads, many: int) -> None:
    """The columns of one step are the rows of the next: threads must not take the two slicings for the same."""
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(64, width)).astype(np.float32) for width in (64, 96))
    for _ in range(20):
        results = []
        for threads in (1, many):
            set_threads(threads)
            graph = _core.Graph()
            inputs = [graph.input("x", (None, 64)), graph.input("y", (None, 96))]
            vector = graph.constant(np.ones(64, np.float32))
            standard = graph.add("batch_norm", [inputs[0], vector, vector], {"epsilon": 0.1})[0]
            product = graph.add("matmul", [standard, inputs[1]], {"transpose_a": 1, "transpose_b": 0})
            results.append(_core.Program(graph, inputs, product).run([x, y])[0])
        np.testing.assert_array_equal(results[0], results[1])


#: Rows, depth and columns. What some sizes have of their own: small depths, whose columns come in blocks or in strips;
#: operands whose rows or columns share their places in the caches; operands of which the next part is fetched.
SMALL = list(itertools.product((1, 2, 3, 5, 16, 17, 33, 50), repeat=3))
LARGE = [(19, 4, 1100), (300, 3, 100), (45, 1, 70), (33, 40, 1024), (1024, 530, 20), (90, 800, 40), (17, 3200, 1000)]


@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(0, 0), (0, 1), (1, 0)])
@pytest.mark.parametrize(("bias", "relu"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("sizes", [SMALL, LARGE], ids=["small", "large"])
def test_products_of_many_sizes(
    sizes: list[tuple[int, int, int]],
    transpose_a: int,
    transpose_b: int,
    bias: bool,
    relu: bool,
    isa: str,
    set_threads: SetThreads,
    many: int,
) -> None:
    random = np.random.default_rng(0)
    for m, k, n in sizes:
        a, b, offset = random.normal(size=(m, k)), random.normal(size=(k, n)), random.normal(size=n) * bias
        operands = [a.T if transpose_a else a, b.T if transpose_b else b, offset][: 2 + bias]
        graph = _core.Graph()
        values = [graph.variable(_core.Variable(np.ascontiguousarray(x, np.float32), "v")) for x in operands]
        (c,) = graph.add("matmul", values, {"transpose_a": transpose_a, "transpose_b": transpose_b})
        if relu:
            (c,) = graph.add("relu", [c])
        expected = np.maximum(a @ b + offset, 0 if relu else -np.inf)
        bits = set()
        for threads in (1, many):
            set_threads(threads)
            found = _core.Program(graph, [], [c]).run([])[0]
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=max(1e-5, 2e-7 * k), err_msg=f"{m, k, n}")
            bits.add(found.tobytes())
        assert len(bits) == 1, (m, k, n)


@pytest.mark.parametrize("part", ["", "square", "absolute"])
@pytest.mark.parametrize("shape", [(256, 128), (399, 83), (40_000,), (2, 5, 4096)])
def test_sums_of_large_values_are_shared(
    part: str, shape: tuple[int, ...], isa: str, set_threads: SetThreads, many: int
) -> None:
    w = _core.Variable(np.random.default_rng(0).normal(1, size=shape).astype(np.float32), "w")
    graph = _core.Graph()
    x = graph.variable(w)
    if part:
        (x,) = graph.add(part, [x])
    (total,) = graph.add("sum", [x], {"axes": list(range(len(shape)))})
    (slope,) = graph.gradients(total, [graph.variable(w)])
    bits = set()
    for threads in (1, 2, many):
        set_threads(threads)
        program = _core.Program(graph, [], [total, slope])
        found = program.run([])
        if threads > 1:
            assert re.search(r"rows \d+ .*sum", program.describe(1)), program.describe(1)
        bits.add(b"".join(x.tobytes() for x in found))
    assert len(bits) == 1
    exact = {"": lambda v: v, "square": np.square, "absolute": np.abs}[part](w.value.astype(np.float64)).sum()
    np.testing.assert_allclose(found[0], exact, rtol=1e-6)
    expected = {"": np.ones(shape), "square": 2 * w.value, "absolute": np.sign(w.value)}[part]
    np.testing.assert_array_equal(found[1], expected.astype(np.float32))


def input_norm(features: int, units: int) -> tuple[_core.Program, list[_core.Variable]]:
    """A step of SGD of a layer on its normalized input, whose gradients need no product for dX."""
    random = np.random.default_rng(1)
    values = [np.ones(features), np.zeros(features), random.normal(size=(features, units)), np.float64(0.01)]
    variables = [_core.Variable(v.astype(np.float32), name) for v, name in zip(values, "gbwr", strict=True)]
    graph = _core.Graph()
    gamma, beta, w, rate = (graph.variable(v) for v in variables)
    x = graph.input("x", (None, features))
    y = graph.add("batch_norm", [x, gamma, beta], {"epsilon": 1e-3})[0]
    z = graph.add("relu", graph.add("matmul", [y, w]))[0]
    (loss,) = graph.add("mean", graph.add("square", [z]), {"axes": [0, 1]})
    for variable, gradient in zip((gamma, beta, w), graph.gradients(loss, [gamma, beta, w]), strict=True):
        assert gradient is not None
        graph.add("sgd", [variable, gradient, rate])
    return _core.Program(graph, [x], [loss]), variables


@pytest.mark.parametrize(("features", "units"), [(7, 16), (7, 72), (50, 33), (200, 600)])
def test_batch_norm_on_the_input(features: int, units: int, isa: str, set_threads: SetThreads, many: int) -> None:
    x = np.random.default_rng(0).normal(size=(32, features)).astype(np.float32)
    bits = []
    for threads in (1, 2, many):
        set_threads(threads)
        program, variables = input_norm(features, units)
        assert "normalized_dense_gradients + sgd" in program.describe(32)
        for _ in range(3):
            program.run([x])
        bits.append(b"".join(v.value.tobytes() for v in variables))
    assert bits[0] == bits[1] == bits[2]


@pytest.mark.parametrize("transposed", [0, 1])
@pytest.mark.parametrize("units", [1, 130])
def test_batch_size_does_not_change_a_prediction(
    units: int, transposed: int, set_threads: SetThreads, many: int
) -> None:
    builder = network([33, 40])
    _, probs = builder.program.run(builder.data(50))
    assert probs.shape == (50, 5)
    graph = _core.Graph()
    x = graph.input("x", (None, 33))
    shape = (units, 33) if transposed else (33, units)
    w = graph.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    (y,) = graph.add("tanh", graph.add("matmul", [x, w], {"transpose_a": 0, "transpose_b": transposed}))
    if units > 1:
        (y,) = graph.add("softmax", [y])
    program = _core.Program(graph, [x], [y])
    data = builder.data(50)[0]
    whole = program.run([data])[0]
    for threads in (1, many):
        set_threads(threads)
        for batch_size in (1, 3, 17, 50):
            parts = np.empty_like(whole)
            program.run_batches([data], batch_size, 0, -(-50 // batch_size), outputs=[parts])
            np.testing.assert_array_equal(parts, whole)


def test_order_is_a_permutation_that_depends_on_the_seed() -> None:
    order = _core.shuffle(1000, 3)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    np.testing.assert_array_equal(order, _core.shuffle(1000, 3))
    assert (order != _core.shuffle(1000, 4)).mean() > 0.9
    assert (order != np.arange(1000)).mean() > 0.9
    assert _core.shuffle(0, 1).size == 0
    assert _core.shuffle(1, 1).tolist() == [0]
