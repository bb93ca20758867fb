"""A layer that was changed after it was called: the next call sees the change."""

import numpy as np
import pytest

import ravine as keras

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
