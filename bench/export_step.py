"""`python -m bench.export_step WORKLOAD FILE`: writes ravine's training step, with a learning rate of 0."""

from __future__ import annotations

import sys
from dataclasses import replace

import ravine as keras
from bench.keras_api import optimizer
from bench.ravine_runs import LOSSES, model_of
from bench.workloads import WORKLOADS

if __name__ == "__main__":
    workload = WORKLOADS[sys.argv[1]]
    model = model_of(workload)
    model.compile(
        optimizer=optimizer(keras, replace(workload.optimizer, learning_rate=0.0)), loss=LOSSES[workload.loss]
    )
    x, y = workload.data()
    model.train_on_batch(x[: workload.batch], y[: workload.batch])
    model.export(sys.argv[2])
