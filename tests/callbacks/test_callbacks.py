"""The smaller callbacks, and how a list of them is called."""

from typing import Any

import numpy as np
import pytest

import ravine as keras
from ravine import callbacks, layers

X, Y = np.ones((8, 1), np.float32), np.ones((8, 1), np.float32)


def model(learning_rate: float = 0.01) -> keras.Sequential:
    model = keras.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss="mse")
    return model


def rates(schedule) -> list[float]:
    scheduler = callbacks.LearningRateScheduler(schedule)
    return model().fit(X, Y, epochs=4, callbacks=[scheduler], verbose=0).history["learning_rate"]


def test_learning_rate_scheduler_takes_the_epoch_or_epoch_and_rate() -> None:
    expected = [0.0098999999, 0.0098010004, 0.0097029908, 0.0096059610]
    assert rates(lambda epoch, rate: rate * 0.99) == pytest.approx(expected, rel=1e-7)
    sixteen = callbacks.LearningRateScheduler(lambda epoch: 0.01 * 0.1 ** (epoch / 20))
    history = model().fit(X, Y, epochs=16, callbacks=[sixteen], verbose=0).history["learning_rate"]
    assert history[0] == 0.009999999776482582
    assert history[15] == 0.0017782794311642647


def test_learning_rate_scheduler_accepts_numpy_numbers_and_says_what_it_cannot_use() -> None:
    assert rates(lambda epoch: np.float32(0.5)) == [0.5] * 4
    with pytest.raises(ValueError, match="must return a float, received None for epoch 0"):
        rates(lambda epoch: None)
    with pytest.raises(TypeError, match="function"):
        callbacks.LearningRateScheduler(0.1)


def test_errors_inside_a_schedule_are_not_hidden() -> None:
    def schedule(epoch, rate):
        return rate + "1"

    with pytest.raises(TypeError):
        rates(schedule)


def test_terminate_on_nan_stops_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    net = model(1e30)
    history = net.fit(X * 3, Y, batch_size=1, epochs=5, callbacks=[callbacks.TerminateOnNaN()], verbose=0)
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert int(net.optimizer.iterations) < 8
    assert "invalid loss" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="invalid loss"):
        model(1e30).fit(X * 3, Y, batch_size=1, callbacks=[callbacks.TerminateOnNaN(raise_error=True)], verbose=0)


def test_lambda_callback() -> None:
    seen = []
    hooks = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(epoch), on_test_begin=lambda logs: seen.append("test")
    )
    model().fit(X, Y, epochs=2, validation_data=(X, Y), callbacks=[hooks], verbose=0)
    assert seen == ["test", 0, "test", 1]
    with pytest.raises(TypeError, match=r"'on_epoch_ends'.*'on_epoch_end'"):
        callbacks.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="function"):
        callbacks.LambdaCallback(on_epoch_end=3)


def test_only_overridden_hooks_make_an_epoch_run_batch_by_batch() -> None:
    class EpochsOnly(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None): ...

    class Batches(EpochsOnly):
        def on_train_batch_end(self, batch, logs=None): ...

    assert not callbacks.CallbackList([EpochsOnly()], add_history=True, add_progbar=True).wants_batches("train")
    assert callbacks.CallbackList([Batches()]).wants_batches("train")
    assert not callbacks.CallbackList([Batches()]).wants_batches("test")
    assert callbacks.CallbackList([callbacks.LambdaCallback(on_train_batch_begin=print)]).wants_batches("train")


def test_values_that_a_callback_adds_to_the_logs_are_recorded() -> None:
    class Add(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = epoch * 2

    assert model().fit(X, Y, epochs=2, callbacks=[Add()], verbose=0).history["extra"] == [0, 2]


def test_a_history_of_ones_own_is_used() -> None:
    own = callbacks.History()
    assert model().fit(X, Y, callbacks=[own], verbose=0) is own


def test_callbacks_see_model_and_params() -> None:
    seen = {}

    class Look(callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.update(self.params, model=self.model)

    net = model()
    net.fit(X, Y, batch_size=4, epochs=3, callbacks=[Look()], verbose=0)
    assert seen == {"verbose": 0, "epochs": 3, "steps": 2, "model": net}


def logged(path: Any, **arguments: Any) -> list[str]:
    net = keras.Sequential([layers.Dense(1)])
    net.compile("sgd", "mse", **arguments)
    logger = keras.callbacks.CSVLogger(path, append=True)
    net.fit(np.ones((4, 2)), np.ones((4, 1)), callbacks=[logger], verbose=0)
    return path.read_text().splitlines()


def test_csv_logger_goes_on_in_the_columns_of_the_file(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss,learning_rate\n0,0.5,0.6,0.1\n1,0.4")  # cut off
    with pytest.warns(UserWarning, match=r"log\.csv' has no columns for mae, so they are not written"):
        lines = logged(path, metrics=["mae"])
    assert lines[:3] == ["epoch,loss,val_loss,learning_rate", "0,0.5,0.6,0.1", "1,0.4"]
    epoch, loss, val_loss, rate = lines[3].split(",")
    assert (epoch, val_loss, float(rate)) == ("0", "NA", pytest.approx(0.01))
    assert float(loss) > 0
    assert len(lines) == 4


def test_csv_logger_does_not_go_on_in_other_files(tmp_path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="its first line is 'a,b', expected 'epoch' and more"):
        logged(path)
    assert path.read_text() == "a,b\n1,2\n"
    assert logged(tmp_path / "new.csv")[0] == "epoch,learning_rate,loss,val_loss"
    (tmp_path / "empty.csv").touch()
    assert logged(tmp_path / "empty.csv")[0] == "epoch,learning_rate,loss,val_loss"
