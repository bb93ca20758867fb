"""scikit-learn's MLPClassifier and MLPRegressor, for the nets that they can express (relu, SGD or Adam).

`partial_fit` is one epoch of `fit`: the same shuffled mini-batches, but it goes on from where it was.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bench.contestants import Unsupported
from bench.runner import Steps
from bench.workloads import Dense, Workload


def make(name: str, workload: Workload, threads: int) -> Steps:
    if workload.predict:
        raise Unsupported("not measured for prediction")
    *hidden, _ = workload.layers
    if not all(isinstance(layer, Dense) and layer.activation == "relu" for layer in hidden):
        raise Unsupported("MLPClassifier has one activation for all hidden layers and no other layers")
    if workload.loss == "binary_crossentropy":
        raise Unsupported("MLPRegressor has the squared error only")
    optimizer = workload.optimizer
    if optimizer.name == "nadam":
        raise Unsupported("no optimizer Nadam")
    regression = workload.loss == "mse"
    scale = 2.0 if regression else 1.0  # its squared error is halved
    model = (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=[layer.units for layer in hidden],
        solver="adam" if optimizer.name == "adam" else "sgd",
        alpha=0.0,
        batch_size=workload.batch,
        learning_rate_init=optimizer.learning_rate * scale,
        momentum=optimizer.momentum if optimizer.name in ("momentum", "nesterov") else 0.0,
        nesterovs_momentum=optimizer.name == "nesterov",
        beta_1=optimizer.beta_1,
        beta_2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        random_state=1,
    )
    x, y = workload.data()
    epoch = model.partial_fit if regression else partial(model.partial_fit, classes=np.arange(workload.outputs))
    data = (x, y.ravel() if regression else y)
    return Steps(epoch, [data], granule=workload.batches, value=lambda trained: trained.loss_ * scale)
