"""The table of workloads, described in neutral words that every contestant translates for its own framework."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str | None = None
    bias: bool = True


@dataclass(frozen=True)
class BatchNorm:
    momentum: float = 0.99
    epsilon: float = 1e-3


@dataclass(frozen=True)
class Activation:
    name: str


@dataclass(frozen=True)
class Dropout:
    rate: float


Layer = Dense | BatchNorm | Activation | Dropout


@dataclass(frozen=True)
class Optimizer:
    """`sgd`, `momentum`, `nesterov`, `adam` or `nadam`, with Keras' defaults where nothing is said."""

    name: str
    learning_rate: float
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7


@dataclass(frozen=True)
class Workload:
    """`layers` end in logits: softmax or sigmoid belong to `loss` (crossentropy, binary_crossentropy or mse)."""

    id: str
    inputs: int
    layers: tuple[Layer, ...]
    optimizer: Optimizer
    batches: int
    loss: str = "crossentropy"
    batch: int = 32
    initializer: str = "he_normal"
    predict: bool = False

    @property
    def outputs(self) -> int:
        return self.dense[-1].units

    @property
    def dense(self) -> list[Dense]:
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    @property
    def flops(self) -> int:
        """Floating point operations of the matrix products of one step that no algebra removes.

        Forward and weight gradient of every dense layer, and the input gradient of all but the first: what lies below
        the first one (a batch normalization) gets its gradients from the first weight gradient.
        """
        sizes = [self.inputs, *(layer.units for layer in self.dense)]
        products = [2 * self.batch * fan_in * fan_out for fan_in, fan_out in pairwise(sizes)]
        return sum(products) if self.predict else 3 * sum(products) - products[0]

    @property
    def parameters(self) -> tuple[int, int]:
        """How many numbers are trained, and how many are running statistics."""
        trained, running, width = 0, 0, self.inputs
        for layer in self.layers:
            match layer:
                case Dense(units, _, bias):
                    trained += (width + bias) * units
                    width = units
                case BatchNorm():
                    trained += 2 * width
                    running += 2 * width
        return trained, running

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The samples of one epoch (float32) and targets that can be learnt from them; the same for everyone."""
        random = np.random.default_rng(42)
        samples = self.batch * self.batches
        if self.loss == "binary_crossentropy":  # an autoencoder: images that 16 numbers describe
            codes = random.standard_normal((samples, 16), np.float32)
            x = 1 / (1 + np.exp(-codes @ random.standard_normal((16, self.inputs), np.float32)))
            return x, x
        x = random.standard_normal((samples, self.inputs), np.float32)
        scores = x @ random.standard_normal((self.inputs, self.outputs), np.float32)
        if self.loss == "mse":
            return x, np.sin(scores)
        return x, scores.argmax(axis=1)


def _hidden(sizes: list[int], activation: str, normalized: bool = False) -> tuple[Layer, ...]:
    if not normalized:
        return tuple(Dense(size, activation) for size in sizes)
    block = [(Dense(size, bias=False), BatchNorm(), Activation(activation)) for size in sizes]
    return tuple(layer for layers in block for layer in layers)


def _predict(workload: Workload, batch: int) -> Workload:
    return replace(workload, id=f"{workload.id}_predict_{batch}", batch=batch, batches=16, predict=True)


_SGD = Optimizer("sgd", 0.01)
_ADAM = Optimizer("adam", 0.001)
_NADAM = Optimizer("nadam", 0.001)

_fashion_mlp = Workload("fashion_mlp", 784, (*_hidden([300, 100], "relu"), Dense(10)), _SGD, 256)
_deep20 = Workload("deep20", 3072, (*_hidden([100] * 20, "silu"), Dense(10)), _NADAM, 128)

_ALL = [
    _fashion_mlp,
    replace(_fashion_mlp, id="fashion_mlp_adam", optimizer=_ADAM),
    Workload(
        "bn_mlp",
        784,
        (BatchNorm(), *_hidden([300, 100], "relu", normalized=True), Dense(10)),
        Optimizer("nesterov", 0.01),
        256,
    ),
    _deep20,
    replace(_deep20, id="deep20_bn", layers=(*_hidden([100] * 20, "silu", normalized=True), Dense(10))),
    Workload("selu100", 784, (*_hidden([100] * 100, "selu"), Dense(10)), _SGD, 64, initializer="lecun_normal"),
    Workload(
        "dropout_mlp",
        784,
        (Dropout(0.2), Dense(100, "relu"), Dropout(0.2), Dense(100, "relu"), Dropout(0.2), Dense(10)),
        Optimizer("momentum", 0.01),
        256,
    ),
    Workload("tabular", 8, (*_hidden([30, 30], "relu"), Dense(1)), _SGD, 512, loss="mse"),
    Workload(
        "autoencoder",
        784,
        (*_hidden([256, 64, 256], "relu"), Dense(784)),
        _ADAM,
        64,
        loss="binary_crossentropy",
        batch=128,
    ),
    Workload("wide", 1024, (*_hidden([4096, 4096], "relu"), Dense(1000)), _ADAM, 4, batch=256),
    _predict(_fashion_mlp, 1),
    _predict(_fashion_mlp, 1024),
    _predict(_deep20, 1),
    _predict(_deep20, 1024),
]

#: The nets that are measured by default.
MAIN: list[str] = [workload.id for workload in _ALL]

#: So small a net that a prediction of one row is nearly all overhead.
ONE_ROW = _predict(next(workload for workload in _ALL if workload.id == "tabular"), 1)

WORKLOADS: dict[str, Workload] = {workload.id: workload for workload in [*_ALL, ONE_ROW]}
