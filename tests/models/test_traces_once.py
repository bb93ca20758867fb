"""A model is traced once for each kind of step, not once per epoch or per call."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.models import programs

X = np.zeros((20, 3), np.float32)
Y = np.zeros((20, 1), np.float32)


@pytest.fixture
def traced(monkeypatch):
    """The names of the steps that were traced, in order."""
    names = []

    def counting(name, tracer):
        def trace(*args):
            names.append(name)
            return tracer(*args)

        return trace

    counted = {name: counting(name, tracer) for name, tracer in programs._TRACERS.items()}
    monkeypatch.setattr(programs, "_TRACERS", counted)
    return names


def test_fit_evaluate_and_predict_trace_once(traced):
    class Stopper(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 5
            self.model.optimizer.learning_rate = 0.1 / (epoch + 1)

    model = keras.Sequential([layers.Input((3,)), layers.Dense(4, "relu"), layers.Dropout(0.1), layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(2):
        model.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=[Stopper()], verbose=0)
        model.evaluate(X, Y, verbose=0)
        model.predict(X, verbose=0)
        model.train_on_batch(X, Y)
        model(X[:1])
    assert sorted(traced) == ["predict", "test", "train"]


def test_freezing_traces_anew_and_thawing_does_not(traced):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4, name="below"), layers.Dense(1)])
    model.compile("sgd", "mse")
    for trainable in (True, False, True, False):
        model.get_layer("below").trainable = trainable
        model.fit(X, Y, verbose=0)
    assert traced.count("train") == 2
