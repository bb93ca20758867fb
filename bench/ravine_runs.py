"""ravine, as its users run it: a whole `fit` from NumPy arrays with shuffling, and `predict`."""

from __future__ import annotations

from typing import Any

import ravine as keras
from bench.contestants import Unsupported
from bench.workloads import Activation, BatchNorm, Dense, Dropout, Optimizer, Workload

_LOSS = {"crossentropy": "sparse_categorical_crossentropy", "binary_crossentropy": "binary_crossentropy", "mse": "mse"}
_OUTPUT = {"crossentropy": "softmax", "binary_crossentropy": "sigmoid", "mse": None}


def _model(workload: Workload) -> keras.Sequential:
    model = keras.Sequential([keras.Input((workload.inputs,))])
    last = workload.layers[-1]
    for layer in workload.layers:
        match layer:
            case Dense(units, activation, bias):
                activation = _OUTPUT[workload.loss] if layer is last else activation
                initializer = workload.initializer
                model.add(keras.layers.Dense(units, activation, use_bias=bias, kernel_initializer=initializer))
            case BatchNorm(momentum, epsilon):
                model.add(keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon))
            case Activation(name):
                model.add(keras.layers.Activation(name))
            case Dropout(rate):
                model.add(keras.layers.Dropout(rate))
    return model


def _optimizer(settings: Optimizer) -> Any:
    rate, name = settings.learning_rate, settings.name
    if name == "sgd":
        return keras.optimizers.SGD(rate)
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(rate, momentum=settings.momentum, nesterov=name == "nesterov")
    adaptive = getattr(keras.optimizers, name.capitalize(), None)
    if adaptive is None:
        raise Unsupported(f"no optimizer {name.capitalize()}")
    return adaptive(rate, beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon)


class _Fit:
    def __init__(self, workload: Workload) -> None:
        self.granule = workload.batches
        self._batch = workload.batch
        self._x, self._y = workload.data()
        self._model = _model(workload)
        self._model.compile(optimizer=_optimizer(workload.optimizer), loss=_LOSS[workload.loss])

    def _fit(self, steps: int) -> list[float]:
        epochs = steps // self.granule
        history = self._model.fit(self._x, self._y, batch_size=self._batch, epochs=epochs, shuffle=True, verbose=0)
        return history.history["loss"]

    def loss(self, steps: int) -> float:
        losses = self._fit(steps)
        return float(sum(losses) / len(losses))

    def run(self, steps: int) -> None:
        self._fit(steps)


class _Predict:
    granule = 1

    def __init__(self, workload: Workload) -> None:
        x, _ = workload.data()
        self._batch = workload.batch
        self._batches = [x[first : first + self._batch] for first in range(0, len(x), self._batch)]
        self._model = _model(workload)

    def loss(self, steps: int) -> float:
        self.run(steps)
        return float("nan")

    def run(self, steps: int) -> None:
        predict, batches, batch_size = self._model.predict, self._batches, self._batch
        for step in range(steps):
            predict(batches[step % len(batches)], batch_size=batch_size, verbose=0)


def make(name: str, workload: Workload, threads: int) -> _Fit | _Predict:
    keras.utils.set_random_seed(1)
    return _Predict(workload) if workload.predict else _Fit(workload)
