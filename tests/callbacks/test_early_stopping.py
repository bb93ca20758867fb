"""EarlyStopping against sequences of values whose outcome is known from Keras 3."""

import math

import numpy as np
import pytest

import ravine as keras
from ravine import layers

NAN = math.nan


class Script(keras.callbacks.Callback):
    """Makes the epoch's logs, and gives the model the epoch's index as its only weight."""

    def __init__(self, values: list[float], name: str = "val_loss") -> None:
        super().__init__()
        self.values, self.name = values, name

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]
        self.model.set_weights([np.full((1, 1), epoch, np.float32)])


def run(values: list[float], name: str = "val_loss", **arguments) -> tuple[int, float]:
    """The number of epochs that ran and the epoch whose weights the model ends with."""
    model = keras.Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    stopping = keras.callbacks.EarlyStopping(**arguments)
    history = model.fit(
        np.zeros((1, 1)), np.zeros((1, 1)), epochs=len(values), callbacks=[Script(values, name), stopping], verbose=0
    )
    return len(history.epoch), float(model.get_weights()[0][0, 0])


@pytest.mark.parametrize(
    ("values", "arguments", "epochs"),
    [
        ([5, 4, 3, 3.5, 3.6, 1, 1], {"patience": 2}, 5),
        ([5, 4, 3, 3.5, 1], {"patience": 0}, 4),
        ([5, 6, 1], {"patience": 0}, 2),
        ([5, 6, 1], {"patience": 1}, 2),
        ([5, 4.95, 4.9, 4.85], {"patience": 2, "min_delta": 0.1}, 3),
        ([NAN, NAN, NAN, NAN], {"patience": 2}, 3),
        ([5, 4, 3, 2, 1], {"patience": 1, "baseline": 0.5}, 5),
        ([5, 4, 4, 4, 1], {"patience": 2, "baseline": 4.5}, 4),
        ([1, 2, 3, 3, 3, 5], {"patience": 2, "mode": "max"}, 5),
    ],
)
def test_when_it_stops(values, arguments, epochs) -> None:
    assert run(values, **arguments)[0] == epochs


def test_it_restores_the_best_weights() -> None:
    assert run([5, 4, 3, 3.5, 3.6, 9], patience=2, restore_best_weights=True) == (5, 2)


def test_it_restores_also_when_it_never_stops() -> None:
    assert run([5, 4, 3, 3.5], patience=9, restore_best_weights=True) == (4, 2)


def test_without_restoring_the_last_weights_stay() -> None:
    assert run([5, 4, 3, 3.5, 3.6, 9], patience=2) == (5, 4)


def test_epochs_before_the_start_are_not_candidates() -> None:
    values = [1, 2, 3, 4, 5, 6, 7]
    assert run(values, patience=2, start_from_epoch=3, restore_best_weights=True) == (6, 3)


def test_a_nan_in_the_first_epoch_is_not_the_mark_to_beat() -> None:
    assert run([NAN, 3, 2, 2, 2, 2], patience=2, restore_best_weights=True) == (5, 2)


@pytest.mark.parametrize(
    ("name", "values", "epochs"), [("val_accuracy", [1, 2, 3, 2, 2, 2], 5), ("val_mse", [3, 2, 1, 2, 2, 2], 5)]
)
def test_the_direction_follows_from_the_name(name, values, epochs) -> None:
    assert run(values, name, monitor=name, patience=2)[0] == epochs


def test_an_unknown_quantity_needs_a_mode() -> None:
    with pytest.raises(ValueError, match=r"'foo'.*mode='min'"):
        run([1, 2], "foo", monitor="foo")
    assert run([3, 2, 1, 2, 2, 2], "foo", monitor="foo", mode="min", patience=2)[0] == 5
    with pytest.warns(UserWarning, match="mode must be"):
        assert keras.callbacks.EarlyStopping(mode="best").mode == "auto"


def test_an_absent_quantity_warns() -> None:
    with pytest.warns(UserWarning, match=r"'val_loss' is not among the logs .*validation_data"):
        assert run([1, 2], "other")[0] == 2


def test_the_watched_value_may_be_computed() -> None:
    class Sum(keras.callbacks.EarlyStopping):
        def get_monitor_value(self, logs):
            return logs["a"] + logs["b"]

    stopping = Sum(monitor="sum", mode="min", patience=1)
    stopping.set_model(keras.Sequential())
    stopping.on_train_begin()
    for epoch, (a, b) in enumerate([(1, 2), (2, 0), (0, 3)]):
        stopping.on_epoch_end(epoch, {"a": a, "b": b})
    assert (stopping.best_epoch, stopping.stopped_epoch) == (1, 2)


def test_it_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    run([5, 6, 7], patience=1, restore_best_weights=True, verbose=1)
    printed = capsys.readouterr().out
    assert "Epoch 2: early stopping" in printed
    assert "best epoch: 1" in printed
