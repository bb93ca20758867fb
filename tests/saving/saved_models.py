"""Small models and data for the tests of files."""

from types import ModuleType

import numpy as np

X = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
Y = np.stack([X[:, 0] * X[:, 1], X[:, 2]], 1)


def network(library: ModuleType, optimizer: str | None = "Adam", dropout: float = 0.0):
    """A stack with a nested one, trained for an epoch when there is an optimizer."""
    layers = library.layers
    inner = library.Sequential([layers.Input((5,)), layers.Dense(3, activation="elu", name="in_1")], name="inner")
    model = library.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(5, name="first", kernel_regularizer="l2", kernel_constraint=library.constraints.MaxNorm(2.0)),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(dropout),
            layers.Activation("relu"),
            inner,
            layers.PReLU(name="prelu"),
            layers.Dense(2, name="out"),
        ],
        name="net",
    )
    if optimizer is not None:
        model.compile(getattr(library.optimizers, optimizer)(0.01), loss="mse", metrics=["mae"])
        train(model)
    return model


def train(model, epochs: int = 1) -> list[float]:
    return model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0).history["loss"]


def graph(library: ModuleType):
    """Two inputs, a shared layer, a model inside and two outputs, compiled."""
    layers = library.layers
    a, b = library.Input((4,), name="a"), library.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    inner = library.Sequential([layers.Input((4,)), layers.Dense(3, name="in_1")], name="inner")
    sum_ = layers.Add()([shared(a), shared(b)])
    one = layers.Dense(1, name="one")(layers.Concatenate()([sum_, a]))
    model = library.Model([a, b], [one, inner(sum_)], name="graph")
    model.compile("adam", loss=["mse", "mae"], loss_weights=[1.0, 0.5], metrics=[["mae"], None])
    return model


def train_graph(model) -> list[float]:
    targets = [Y[:, :1], np.concatenate([Y, Y[:, :1]], 1)]
    return model.fit([X, X[::-1]], targets, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
