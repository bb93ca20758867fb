"""ravine with one technique more than the workload asks for: names are `technique-<name>`."""

from __future__ import annotations

import ravine as keras
from bench.runner import Epochs
from bench.techniques import TECHNIQUES
from bench.workloads import Dense, Workload


def make(name: str, workload: Workload, threads: int) -> Epochs:
    keras.utils.set_random_seed(1)
    technique = TECHNIQUES[name.removeprefix("technique-")]
    model = keras.Sequential([keras.Input((workload.inputs,))])
    for layer in workload.layers:
        assert isinstance(layer, Dense)
        activation = "softmax" if layer is workload.layers[-1] else layer.activation
        options = technique.dense(keras)
        model.add(keras.layers.Dense(layer.units, activation, kernel_initializer="he_normal", **options))
    options = {"learning_rate": 0.01, "momentum": 0.9, **technique.optimizer(keras)}
    x, y = workload.data()
    model.compile(keras.optimizers.SGD(**options), loss="sparse_categorical_crossentropy")
    return Epochs(
        lambda epochs: model.fit(x, y, batch_size=workload.batch, epochs=epochs, verbose=0).history["loss"],
        workload.batches,
    )
