"""The culprit that a lost loss is blamed on: networks that are broken on purpose, one cause each."""

import re
import warnings

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype(np.float32)
Y = X.sum(1, keepdims=True)


class Logarithm(layers.Layer):
    def call(self, inputs):
        return ops.log(inputs)


class RootOfAbs(layers.Layer):
    def call(self, inputs):
        return ops.sqrt(ops.abs(inputs))


def model(*middle, rate: float = 0.01, loss="mse", output=None) -> keras.Sequential:
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    net = keras.Sequential([layers.Input((4,)), layers.Dense(8, "relu"), *middle, output or layers.Dense(1)])
    net.compile(keras.optimizers.SGD(rate), loss=loss)
    return net


def report(net: keras.Sequential, x=X, y=Y, **arguments) -> str:
    callback = keras.callbacks.TerminateOnNaN()
    net.fit(x, y, batch_size=16, epochs=3, callbacks=[callback], verbose=0, **arguments)
    return callback.report or ""


def with_value(array: np.ndarray, place: tuple, value: float) -> np.ndarray:
    array = array.copy()
    array[place] = value
    return array


def divided_by_zero(y_true, y_pred):
    return ops.mean(ops.divide(y_true, ops.subtract(y_pred, y_pred)))


CASES = {
    "input": (lambda: report(model(), with_value(X, (37, 2), np.nan)), r"input holds NaN in row 37, column 2\."),
    "input unshuffled": (
        lambda: report(model(), with_value(X, (37, 2), np.inf), shuffle=False),
        r"input holds infinity in row 37, column 2\.",
    ),
    "input beyond float32": (
        lambda: report(model(), with_value(X.astype(np.float64), (37, 2), -1e300)),
        r"input holds -1e\+300, too large for float32, in row 37, column 2\. Scale the data\.",
    ),
    "targets": (lambda: report(model(), y=with_value(Y, (5, 0), np.nan)), r"targets hold NaN in row 5"),
    "weights": (
        lambda: report(model(), sample_weight=with_value(np.ones(64, np.float32), (9,), np.nan)),
        r"sample weights hold NaN in row 9",
    ),
    "learning rate": (lambda: report(model(rate=1e20)), r"weights have exploded|update was too large.*1e\+20"),
    "a layer": (
        lambda: report(model(Logarithm(name="culprit"), layers.Dense(4))),
        r"Logarithm 'culprit' puts out (NaN|infinity), the first layer that does.*logarithm",
    ),
    "the loss": (
        lambda: report(model(loss=divided_by_zero)),
        r"loss \(divided_by_zero\) is (nan|inf|-inf) for finite predictions.*division by 0",
    ),
    "the gradient": (
        lambda: report(model(layers.Dense(8, kernel_initializer="zeros", name="zeros"), RootOfAbs())),
        r"gradient is (NaN|infinity), first seen .* in '.*zeros/bias'.*root of 0",
    ),
    "exploded layer": (
        lambda: report(model(layers.Dense(8, kernel_initializer=keras.initializers.Constant(1e10)),
                             layers.Dense(8, kernel_initializer=keras.initializers.Constant(1e30), name="big"))),
        r"Dense 'big' puts out infinity.*weights have exploded: up to 1e\+30 in '.*big/kernel",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_culprit(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    run, expected = CASES[case]
    found = run()
    assert found

    assert re.search(expected, found), found
    assert found in capsys.readouterr().out


def test_looking_changes_nothing() -> None:
    def weights(*callbacks) -> list[np.ndarray]:
        net = model(layers.BatchNormalization(), layers.Dropout(0.3, seed=3), rate=1e20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(X, Y, batch_size=16, epochs=1, callbacks=list(callbacks), verbose=0, shuffle=False)
        return net.get_weights()

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = not np.isfinite(logs["loss"])

    for own, plain in zip(weights(keras.callbacks.TerminateOnNaN()), weights(Stop()), strict=True):
        np.testing.assert_array_equal(own, plain)


def test_fit_alone_warns_once() -> None:
    with pytest.warns(UserWarning, match=r"Epoch 1: the loss is nan\. The targets hold NaN in row 5") as caught:
        model().fit(X, with_value(Y, (5, 0), np.nan), epochs=3, verbose=0)
    assert len(caught) == 1
    with pytest.warns(UserWarning, match=r"Epoch 1: the loss is .*TerminateOnNaN\(\) stops at the batch"):
        model(rate=1e30).fit(X, Y, epochs=1, verbose=0)


def test_a_stream_of_batches() -> None:
    def batches():
        while True:
            yield with_value(X[:8], (3, 1), np.nan), Y[:8]

    callback = keras.callbacks.TerminateOnNaN()
    model().fit(batches(), steps_per_epoch=2, callbacks=[callback], verbose=0)
    assert "row 3, column 1" in callback.report
    with pytest.warns(UserWarning, match="row 3 of the last batch, column 1"):
        model().fit(batches(), steps_per_epoch=2, verbose=0)


def test_several_inputs() -> None:
    a, b = keras.Input((4,)), keras.Input((4,))
    net = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    net.compile("sgd", "mse")
    assert "input number 2 holds NaN in row 11, column 3" in report(net, [X, with_value(X, (11, 3), np.nan)])
