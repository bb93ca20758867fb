"""Keras' own `fit` (jit-compiled step, its default) and `predict_on_batch`, on the backend of KERAS_BACKEND."""

from __future__ import annotations

import os
from typing import Any

import keras

from bench.workloads import Activation, BatchNorm, Dense, Dropout, Optimizer, Workload


def _model(workload: Workload) -> Any:
    model = keras.Sequential([keras.Input((workload.inputs,))])
    for layer in workload.layers:
        match layer:
            case Dense(units, activation, bias):
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
    adaptive = {"adam": keras.optimizers.Adam, "nadam": keras.optimizers.Nadam}[name]
    return adaptive(rate, beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon)


def _loss(name: str) -> Any:
    # From logits: one kernel fewer than a softmax or sigmoid layer.
    if name == "crossentropy":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if name == "binary_crossentropy":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return "mse"


class _Fit:
    def __init__(self, workload: Workload) -> None:
        self.granule = workload.batches
        self._batch = workload.batch
        self._x, self._y = workload.data()
        self._model = _model(workload)
        self._model.compile(optimizer=_optimizer(workload.optimizer), loss=_loss(workload.loss))

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
        self._batches = [x[first : first + workload.batch] for first in range(0, len(x), workload.batch)]
        self._model = _model(workload)
        self._model.add(keras.layers.Softmax())

    def loss(self, steps: int) -> float:
        self.run(steps)
        return float("nan")

    def run(self, steps: int) -> None:
        # `predict` builds an iterator for every call: predict_on_batch is several times faster for one batch.
        predict, batches = self._model.predict_on_batch, self._batches
        for step in range(steps):
            predict(batches[step % len(batches)])


def make(name: str, workload: Workload, threads: int) -> _Fit | _Predict:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
    keras.utils.set_random_seed(1)
    return _Predict(workload) if workload.predict else _Fit(workload)
