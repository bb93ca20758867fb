"""Keras' own `fit` (jit-compiled step, its default) and `predict_on_batch`, on the backend of KERAS_BACKEND."""

from __future__ import annotations

import os
from typing import Any

import keras

from bench.keras_api import build, fit
from bench.runner import Epochs, Steps, split
from bench.workloads import Workload


def _loss(name: str) -> Any:
    # From logits: one kernel fewer than a softmax or sigmoid layer.
    if name == "crossentropy":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if name == "binary_crossentropy":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return "mse"


def make(name: str, workload: Workload, threads: int) -> Epochs | Steps:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
    keras.utils.set_random_seed(1)
    model = build(keras, workload)
    if not workload.predict:
        return fit(keras, model, workload, _loss(workload.loss), callback=name.endswith("-callback"))
    if workload.loss != "mse":
        model.add(keras.layers.Softmax())
    batches = [(batch,) for batch in split(workload.data()[0], workload.batch)]
    # `predict` builds an iterator for every call: predict_on_batch is several times faster for one batch.
    return Steps(model.predict_on_batch, batches)
