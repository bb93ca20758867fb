"""Nets in the Keras API, for any package that has it: Keras itself and ravine."""

from __future__ import annotations

from typing import Any

from bench.runner import Epochs
from bench.workloads import Activation, BatchNorm, Dense, Dropout, Optimizer, Workload


def build(keras: Any, workload: Workload, output: str | None = None) -> Any:
    """A Sequential that ends in logits, or in `output` of them."""
    model = keras.Sequential([keras.Input((workload.inputs,))])
    last = workload.layers[-1]
    for layer in workload.layers:
        match layer:
            case Dense(units, activation, bias):
                activation = output if layer is last else activation
                initializer = workload.initializer
                model.add(keras.layers.Dense(units, activation, use_bias=bias, kernel_initializer=initializer))
            case BatchNorm(momentum, epsilon):
                model.add(keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon))
            case Activation(name):
                model.add(keras.layers.Activation(name))
            case Dropout(rate):
                model.add(keras.layers.Dropout(rate))
    return model


def optimizer(keras: Any, settings: Optimizer) -> Any:
    rate, name = settings.learning_rate, settings.name
    if name == "sgd":
        return keras.optimizers.SGD(rate)
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(rate, momentum=settings.momentum, nesterov=name == "nesterov")
    adaptive = {"adam": keras.optimizers.Adam, "nadam": keras.optimizers.Nadam}[name]
    return adaptive(rate, beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon)


def fit(keras: Any, model: Any, workload: Workload, loss: Any, callback: bool = False) -> Epochs:
    """Whole `fit`s from NumPy arrays; with `callback` one that does nothing after every batch."""
    x, y = workload.data()
    model.compile(optimizer=optimizer(keras, workload.optimizer), loss=loss)

    class AfterEveryBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    callbacks = [AfterEveryBatch()] if callback else []
    options = {"batch_size": workload.batch, "shuffle": True, "verbose": 0, "callbacks": callbacks}
    return Epochs(lambda epochs: model.fit(x, y, epochs=epochs, **options).history["loss"], workload.batches)
