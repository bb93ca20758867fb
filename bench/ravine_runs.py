"""ravine, as its users run it: a whole `fit` from NumPy arrays with shuffling, and `predict_on_batch`.

ravine-callback  `fit` with a callback after every batch
ravine-predict   `predict`, which takes any number of rows
ravine-call      the model called as a function
"""

from __future__ import annotations

from functools import partial

import ravine as keras
from bench.keras_api import build, fit
from bench.runner import Epochs, Steps, split
from bench.workloads import Workload

LOSSES = {
    "crossentropy": "sparse_categorical_crossentropy",
    "binary_crossentropy": "binary_crossentropy",
    "mse": "mse",
}
_OUTPUT = {"crossentropy": "softmax", "binary_crossentropy": "sigmoid", "mse": None}


def model_of(workload: Workload) -> keras.Sequential:
    return build(keras, workload, _OUTPUT[workload.loss])


def make(name: str, workload: Workload, threads: int) -> Epochs | Steps:
    keras.utils.set_random_seed(1)
    model = model_of(workload)
    if not workload.predict:
        return fit(keras, model, workload, LOSSES[workload.loss], callback=name.endswith("-callback"))
    batches = [(batch,) for batch in split(workload.data()[0], workload.batch)]
    if name == "ravine-predict":
        return Steps(partial(model.predict, batch_size=workload.batch, verbose=0), batches)
    return Steps(model if name == "ravine-call" else model.predict_on_batch, batches)
