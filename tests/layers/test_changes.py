"""A layer that was changed after it was called: the next call sees the change."""

import copy
import gc
import pickle
import random

import numpy as np
import pytest

import ravine as keras
from ravine import _tracking

X = np.arange(6, dtype=np.float32).reshape(2, 3)


class Scaled(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor


class Container(keras.Model):
    """Calls every layer that it holds in lists and dictionaries, whatever they are nested in."""

    def __init__(self, held):
        super().__init__()
        self.held = held

    def call(self, x):
        for layer in flattened(self.held):
            x = layer(x)
        return x


def flattened(held):
    if isinstance(held, keras.layers.Layer):
        return [held]
    return [layer for item in (held.values() if isinstance(held, dict) else held) for layer in flattened(item)]


def append(held):
    held.append(Scaled(5.0))


def replace(held):
    held[0] = Scaled(7.5)


def append_inside(held):
    held[0].append(Scaled(5.0))


def replace_in_dict(held):
    held["a"] = Scaled(7.5)


def change_attribute(held):
    held[0].factor = 7.5


CHANGES = [
    (append, lambda: [Scaled(1.5)]),
    (replace, lambda: [Scaled(1.5)]),
    (append_inside, lambda: [[Scaled(1.5)]]),
    (append_inside, lambda: ([Scaled(1.5)], Scaled(1.0))),
    (replace_in_dict, lambda: {"a": Scaled(1.5)}),
    (change_attribute, lambda: [Scaled(1.5)]),
]


@pytest.mark.parametrize("way", ["call", "predict", "predict_on_batch"])
@pytest.mark.parametrize(("change", "held"), CHANGES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_change_inside_takes_effect(way, change, held):
    model = Container(held())
    run = {"call": model, "predict": lambda x: model.predict(x, verbose=0), "predict_on_batch": model.predict_on_batch}
    for _ in range(3):  # the third call takes what the first ones left
        np.testing.assert_array_equal(run[way](X), X * np.float32(1.5))
    change(model.held)
    for _ in range(2):
        np.testing.assert_array_equal(run[way](X), X * np.float32(7.5))


@pytest.mark.parametrize("way", ["call", "predict_on_batch"])
def test_adding_and_removing_layers_takes_effect(way):
    model = keras.Sequential([keras.Input((3,)), Scaled(1.5)])
    run = model if way == "call" else model.predict_on_batch
    np.testing.assert_array_equal(run(X), X * np.float32(1.5))
    model.add(Scaled(5.0))
    np.testing.assert_array_equal(run(X), X * np.float32(7.5))
    model.pop()
    np.testing.assert_array_equal(run(X), X * np.float32(1.5))


def test_a_change_in_another_model_changes_nothing_here():
    model, other = (Container([Scaled(factor)]) for factor in (1.5, 2.0))
    for _ in range(2):
        np.testing.assert_array_equal(model.predict_on_batch(X), X * np.float32(1.5))
    program = model._snapshot()
    other.held[0].factor = 3.0
    np.testing.assert_array_equal(model.predict_on_batch(X), X * np.float32(1.5))
    assert model._snapshot() is program
    np.testing.assert_array_equal(other.predict_on_batch(X), X * np.float32(3.0))


def test_a_deleted_attribute_takes_effect():
    class Optional(keras.Model):
        def __init__(self):
            super().__init__()
            self.extra = Scaled(5.0)

        def call(self, x):
            return self.extra(x) if hasattr(self, "extra") else x

    model = Optional()
    for _ in range(2):
        np.testing.assert_array_equal(model.predict_on_batch(X), X * np.float32(5.0))
    del model.extra
    np.testing.assert_array_equal(model.predict_on_batch(X), X)


@pytest.fixture
def traced(monkeypatch):
    """A list that gets an entry for each trace."""
    entries, program = [], keras.ops.Trace.program
    monkeypatch.setattr(keras.ops.Trace, "program", lambda *args: entries.append(1) or program(*args))
    return entries


@pytest.mark.parametrize("way", ["call", "predict_on_batch"])
def test_random_changes_take_effect_and_nothing_else_is_traced(way, traced):
    chance = random.Random(3)
    shared = Scaled(0.5)
    models = [Container([[Scaled(0.5)], (shared, [shared])]), Container({"a": shared, "b": [Scaled(2.0)]})]
    calls = [0, 0]  # since the last change
    for _ in range(300):
        number = chance.randrange(2)
        model = models[number]
        layers = flattened(model.held)
        lists = [x for x in (model.held.values() if isinstance(model.held, dict) else model.held) if type(x) is list]
        lists += [model.held[1][1]] if isinstance(model.held, list) else []
        held = chance.choice(lists)
        change = chance.choice(["factor", "append", "pop", "copy", *["call"] * 12])
        if change == "factor":
            chance.choice(layers).factor = chance.choice([0.25, 0.5, 2.0])
        elif change == "append" and len(held) < 4:
            held.append(chance.choice([Scaled(0.5), *layers]))
        elif change == "pop" and held:
            held.pop()
        elif change == "copy" and held:
            held[0] = copy.deepcopy(held[0])
        else:
            before = len(traced)
            result = model(X) if way == "call" else model.predict_on_batch(X)
            np.testing.assert_array_equal(result, X * np.prod([np.float32(layer.factor) for layer in layers]))
            assert len(traced) == before or calls[number] < 2
            calls[number] += 1
            continue
        calls = [0, 0]


@pytest.mark.parametrize(
    "twin", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))], ids=["copy", "pickle"]
)
def test_copies_in_turn_are_told_apart(twin):
    layer = keras.layers.Dense(3, use_bias=False)
    model = Container([layer])
    for factor in range(12):
        model.held[0] = layer
        for run in (model, model.predict_on_batch):
            run(X)
        gc.collect()
        model.held[0] = twin(layer)  # may take the place of the copy before it
        model.held[0].set_weights([factor * np.eye(3)])
        for run in (model, model.predict_on_batch):
            np.testing.assert_array_equal(run(X), factor * X)


def test_a_layer_taken_from_a_private_attribute_takes_effect():
    class Optional(keras.Model):
        def __init__(self):
            super().__init__()
            self._extra = Scaled(5.0)

        def call(self, x):
            return x if self._extra is None else self._extra(x)

    model = Optional()
    for _ in range(2):
        np.testing.assert_array_equal(model.predict_on_batch(X), X * np.float32(5.0))
    model._extra = None
    np.testing.assert_array_equal(model.predict_on_batch(X), X)


def trainable_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activity_regularizer="l2")])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.5), "mse")
    return model


def test_freezing_a_single_variable_takes_effect(traced):
    model = trainable_model()
    kernel = model.layers[0].kernel
    for trainable in (True, False, True, False):
        kernel.trainable = trainable
        before = kernel.numpy()
        model.train_on_batch(X, X)
        assert np.array_equal(before, kernel.numpy()) is not trainable
    assert len(traced) == 2


def test_optimizer_settings_that_are_numpy_numbers_take_effect(traced):
    model = trainable_model()
    for momentum in (np.float32(0.5), np.float32(0.25), np.float32(0.5)):
        model.optimizer.momentum = momentum
        model.train_on_batch(X, X)
    assert len(traced) == 2


def test_losses_are_those_of_the_last_call():
    model = trainable_model()
    model.predict_on_batch(X)
    losses = [float((model(x), model.losses[0])[1]) for x in (X, 2 * X)]
    assert losses[1] == pytest.approx(4 * losses[0])


def test_what_a_call_or_a_user_notes_is_not_traced_anew(traced):
    class Noting(Scaled):
        def call(self, x):
            self.shape = (2, x.shape[-1])
            return super().call(x)

    layer = Noting(2.0)
    models = [keras.Sequential([keras.Input((3,)), layer]) for _ in range(2)]
    runs = [layer, *models, *(model.predict_on_batch for model in models)]
    models[0].results = []
    for repeat in range(4):
        if repeat == 2:  # the second time the quick way is prepared
            traced.clear()
        for run in runs:
            models[0].results.append((repeat, run(X)))
    assert not traced


def test_states_that_were_left_do_not_pile_up():
    layer = Scaled(1.0)
    for factor in range(300):
        layer.factor = factor
        layer(X)
    assert len(layer._programs) < 300


def test_a_change_is_announced_after_it_was_made(monkeypatch):
    layer, seen = Scaled(1.0), []
    monkeypatch.setattr(_tracking, "note_change", lambda: seen.append(layer.factor))
    layer.factor = 2.0
    assert seen == [2.0]  # another thread that sees the number sees the factor too
