"""Training steps of dense networks, built straight on the engine."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravine import _core

CLASSES = 5
OPTIMIZERS = ("sgd", "sgd_momentum", "sgd_nesterov", "adam")


@dataclass
class Network:
    program: _core.Program
    variables: list[_core.Variable]
    features: int
    graph: _core.Graph = field(repr=False)

    def bits(self) -> bytes:
        return b"".join(variable.value.tobytes() for variable in self.variables)

    def data(self, samples: int, seed: int = 0) -> list[NDArray[Any]]:
        random = np.random.default_rng(seed)
        x = random.normal(size=(samples, self.features)).astype(np.float32)
        return [x, random.integers(0, CLASSES, samples)]


class Builder:
    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.graph = _core.Graph()
        self.variables: list[_core.Variable] = []
        self.trainable: list[int] = []
        self.counter: int | None = None

    def variable(self, value: NDArray[Any], trainable: bool = False) -> int:
        self.variables.append(_core.Variable(value, f"variable {len(self.variables)}"))
        value_id = self.graph.variable(self.variables[-1])
        if trainable:
            self.trainable.append(value_id)
        return value_id

    def add(self, op: str, inputs: list[int], **attrs: Any) -> int:
        outputs = self.graph.add(op, inputs, attrs)
        return outputs[0] if outputs else -1

    def dense(self, x: int, units: int, activation: str | None) -> int:
        width = self.graph.shape(x)[-1]
        assert width is not None
        limit = np.sqrt(6 / (width + units))
        kernel = self.variable(self.random.uniform(-limit, limit, (width, units)).astype(np.float32), True)
        bias = self.variable(np.zeros(units, np.float32), True)
        y = self.add("add", [self.add("matmul", [x, kernel], transpose_a=0, transpose_b=0), bias])
        return self.add(activation, [y]) if activation else y

    def batch_norm(self, x: int) -> int:
        width = self.graph.shape(x)[-1]
        assert width is not None
        gamma = self.variable(np.ones(width, np.float32), True)
        beta = self.variable(np.zeros(width, np.float32), True)
        y, mean, variance, _ = self.graph.add("batch_norm", [x, gamma, beta], {"epsilon": 1e-3})
        for statistic in (mean, variance):
            running = self.variable(np.ones(width, np.float32))
            kept = self.add("affine", [running], scale=0.99, offset=0.0)
            part = self.add("affine", [statistic], scale=0.01, offset=0.0)
            self.add("assign", [running, self.add("add", [kept, part])])
        return y

    def dropout(self, x: int, seed: int) -> int:
        if self.counter is None:
            self.counter = self.variable(np.array(0, np.int64))
        return self.add("dropout", [x, self.counter], rate=0.3, seed=seed)

    def decay(self, loss: int) -> int:
        for kernel in [v for v in self.trainable if len(self.graph.shape(v)) == 2]:
            total = self.add("sum", [self.add("square", [kernel])], axes=[0, 1])
            loss = self.add("add", [loss, self.add("affine", [total], scale=1e-3, offset=0.0)])
        return loss

    def optimize(self, loss: int, optimizer: str) -> None:
        gradients = self.graph.gradients(loss, self.trainable)
        rate = self.variable(np.float32(0.05).reshape(()))
        if optimizer == "adam":
            iterations = self.variable(np.array(0, np.int64))
            alpha = self.graph.constant(np.float32(0.1))
            rate = self.add("adam_rate", [rate, iterations, alpha], beta_2=0.999)
        for w, g in zip(self.trainable, gradients, strict=True):
            assert g is not None
            zeros = np.zeros([dim or 0 for dim in self.graph.shape(w)], np.float32)
            if optimizer == "sgd":
                self.add("sgd", [w, g, rate])
            elif optimizer == "adam":
                slots = [self.variable(zeros), self.variable(zeros)]
                self.add("adam", [w, g, *slots, rate, alpha], beta_2=0.999, epsilon=1e-7)
            else:
                momentum = self.graph.constant(np.float32(0.9))
                self.add(optimizer, [w, g, self.variable(zeros), rate, momentum])
        if optimizer == "adam":
            self.add("increment", [iterations])


def network(
    widths: list[int],
    optimizer: str = "sgd",
    activation: str = "relu",
    batch_norm: bool = False,
    dropout: bool = False,
    decay: bool = False,
    seed: int = 0,
) -> Network:
    """A training step of a classifier; widths[0] is the number of features. Its outputs: mean loss, probabilities."""
    builder = Builder(seed)
    inputs = [builder.graph.input("x", (None, widths[0])), builder.graph.input("y", (None,))]
    h = inputs[0]
    for number, width in enumerate(widths[1:]):
        h = builder.dense(h, width, None if batch_norm else activation)
        if batch_norm:
            h = builder.add(activation, [builder.batch_norm(h)])
        if dropout:
            h = builder.dropout(h, number)
    losses, probs = builder.graph.add(
        "softmax_crossentropy", [builder.dense(h, CLASSES, None), inputs[1]], {"sparse": 1}
    )
    loss = builder.add("mean", [losses], axes=[0])
    builder.optimize(builder.decay(loss) if decay else loss, optimizer)
    if builder.counter is not None:
        builder.add("increment", [builder.counter])
    total = builder.variable(np.array(0.0))
    builder.add("accumulate", [total, loss])
    program = _core.Program(builder.graph, inputs, [loss, probs])
    return Network(program, builder.variables, widths[0], builder.graph)
