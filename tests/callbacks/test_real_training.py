"""Callbacks in real trainings, and the hooks that Keras calls in the same one."""

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ravine as keras
from ravine.optimizers import schedules

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

X = np.linspace(-1, 1, 40, dtype=np.float32).reshape(20, 2)
Y = X.sum(1, keepdims=True)


def network(library: ModuleType = keras, optimizer=None) -> keras.Sequential:
    model = library.Sequential([library.layers.Input((2,)), library.layers.Dense(4, "relu"), library.layers.Dense(1)])
    model.compile(optimizer or library.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


# Hooks


def recorder(library: ModuleType, log: list):
    def hook(name: str):
        def call(self, *args, logs=None):
            *numbers, given = [*args, logs] if logs is not None else args or [None]
            if name.startswith("on_predict_batch_end"):
                given = {"outputs": np.asarray(given["outputs"]).shape}
            else:
                given = sorted(set(given or {}) - {"learning_rate"})
            log.append((name, *numbers, given))

        return call

    names = [f"on_{phase}_{moment}" for phase in ("train", "test", "predict", "epoch") for moment in ("begin", "end")]
    names += [f"on_{x}_batch_{moment}" for x in ("train", "test", "predict") for moment in ("begin", "end")]
    return type("Recorder", (library.callbacks.Callback,), {name: hook(name) for name in names})()


@pytest.mark.parametrize("stop", [None, "batch", "epoch"])
def test_hooks_and_their_arguments_as_in_keras(stop: str | None) -> None:
    theirs = pytest.importorskip("keras")
    logs: list[list] = []
    for library in (theirs, keras):
        log: list = []

        class Stop(library.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                self.model.stop_training = stop == "batch" and batch == 1

            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = self.model.stop_training or stop == "epoch"

        model, seen = network(library), recorder(library, log)
        model.fit(
            X, Y, batch_size=8, epochs=3, initial_epoch=1, validation_data=(X, Y), callbacks=[seen, Stop()], verbose=0
        )
        model.evaluate(X, Y, callbacks=[seen], verbose=0)
        model.predict(X, batch_size=16, callbacks=[seen], verbose=0)
        log.append(seen.params)
        logs.append(log)
    assert logs[1] == logs[0]


def test_csv_files_as_in_keras(tmp_path: Path) -> None:
    theirs = pytest.importorskip("keras")
    texts = []
    for library in (theirs, keras):
        path = tmp_path / f"{library.__name__}.csv"
        for values in ({"loss": 0.5, "acc": np.float32(0.25)}, {"loss": 0.125, "acc": [1, 2]}):
            logger = library.callbacks.CSVLogger(path, separator=";", append=True)
            logger.set_model(network())
            logger.on_train_begin()
            for epoch in range(2):
                logger.on_epoch_end(epoch, values)
            logger.on_epoch_end(2, {"loss": 1.0})
            logger.on_train_end()
        texts.append(path.read_bytes())
    assert texts[1] == texts[0]


def test_csv_is_replaced_without_append(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "log.csv"  # in a folder that is not there yet
    for epochs in (3, 2):
        network().fit(X, Y, epochs=epochs, callbacks=[keras.callbacks.CSVLogger(path)], verbose=0)
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,learning_rate,loss,mae,val_loss,val_mae"
    assert [line.split(",")[0] for line in lines[1:]] == ["0", "1"]
    assert lines[1].endswith(",NA,NA")


# Saving


def test_checkpoints_can_be_loaded(tmp_path: Path) -> None:
    model = network()
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "new" / "{epoch:02d}-{val_loss:.3f}.keras")
    history = model.fit(X, Y, epochs=2, validation_data=(X, Y), callbacks=[checkpoint], verbose=0)
    names = [f"{epoch + 1:02d}-{loss:.3f}.keras" for epoch, loss in enumerate(history.history["val_loss"])]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    loaded = keras.models.load_model(tmp_path / "new" / names[-1])
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(loaded.optimizer.iterations) == 2


@pytest.mark.parametrize("suffix", [".weights.h5", ".safetensors"])
def test_the_best_weights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"best{suffix}"
    keep = keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_best_only=True, monitor="loss")
    stop = keras.callbacks.EarlyStopping("loss", patience=99, restore_best_weights=True)
    # The loss is that of the weights before each update, so the rate rises: later epochs are worse.
    rise = keras.callbacks.LearningRateScheduler(lambda epoch: 0.05 * 6**epoch)
    model = network()
    model.fit(X, Y, epochs=4, batch_size=20, callbacks=[rise, keep, stop], verbose=0)
    twin = network()
    twin.load_weights(path)
    for own, expected in zip(twin.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)


def test_checkpoints_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.keras or \.h5"):
        keras.callbacks.ModelCheckpoint("model.bin")
    with pytest.raises(ValueError, match=r"must end in \.weights\.h5"):
        keras.callbacks.ModelCheckpoint("model.keras", save_weights_only=True)
    with pytest.raises(ValueError, match="save_freq"):
        keras.callbacks.ModelCheckpoint("model.keras", save_freq="batch")
    folder = tmp_path / "folder.keras"
    folder.mkdir()
    with pytest.raises(OSError, match="is a folder"):
        network().fit(X, Y, callbacks=[keras.callbacks.ModelCheckpoint(folder)], verbose=0)
    with pytest.raises(KeyError, match="nothing"):
        network().fit(X, Y, callbacks=[keras.callbacks.ModelCheckpoint("{nothing}.keras")], verbose=0)
    best = keras.callbacks.ModelCheckpoint(tmp_path / "a.keras", save_best_only=True)
    with pytest.warns(UserWarning, match=r"'val_loss' is not among the logs"):
        network().fit(X, Y, callbacks=[best], verbose=0)
    assert (tmp_path / "a.keras").exists()


# Rates


def test_a_plateau_on_top_of_a_schedule() -> None:
    schedule = schedules.ExponentialDecay(0.1, 10, 0.5)
    model = network(optimizer=keras.optimizers.SGD(schedule))
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, mode="max")  # every fall counts
    rates = model.fit(X, Y, epochs=4, batch_size=10, callbacks=[plateau], verbose=0).history["learning_rate"]
    expected = [float(schedule(2 * epoch + 1)) * factor for epoch, factor in enumerate((1, 1, 0.5, 0.25))]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1)
    with pytest.raises(TypeError, match="follows"):
        network(optimizer=keras.optimizers.SGD(schedule)).fit(X, Y, callbacks=[scheduler], verbose=0)


def test_the_averages_are_shown_to_evaluation_and_remain() -> None:
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.get_weights())

    model = network(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    plain = network(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    plain.set_weights(model.get_weights())
    history = model.fit(X, Y, epochs=3, shuffle=False, validation_data=(X, Y), callbacks=[swap, Look()], verbose=0)
    trained = plain.fit(X, Y, epochs=3, shuffle=False, validation_data=(X, Y), verbose=0)
    assert history.history["loss"] == trained.history["loss"]  # training itself goes on with the trained weights
    assert history.history["val_loss"][1:] != trained.history["val_loss"][1:]
    for own, average, expected in zip(model.get_weights(), seen[-1], plain.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)  # fit ends with the averages
        np.testing.assert_array_equal(average, expected)
    assert model.evaluate(X, Y, verbose=0)[0] == history.history["val_loss"][-1]
    with pytest.raises(ValueError, match="use_ema=True"):
        network().evaluate(X, Y, callbacks=[keras.callbacks.SwapEMAWeights()], verbose=0)


# Batches


def test_the_loss_of_each_batch() -> None:
    own, running = [], []

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            own.append(self.model.batch_loss)
            running.append(logs["loss"])

    model = network(optimizer=keras.optimizers.SGD(0.0))
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, callbacks=[Look()], verbose=0)
    parts = [slice(0, 8), slice(8, 16), slice(16, 20)]
    expected = [model.test_on_batch(X[part], Y[part])[0] for part in parts]
    np.testing.assert_allclose(own, expected * 2, rtol=1e-6)
    assert running[2] == pytest.approx(np.dot(expected, (8, 8, 4)) / 20, rel=1e-6)
    loss, _ = model.train_on_batch(X[:8], Y[:8])
    assert model.batch_loss == loss


def test_a_callback_that_fails_leaves_a_model_that_works() -> None:
    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise OverflowError("enough")

    model = network()
    with pytest.raises(OverflowError):
        model.fit(X, Y, batch_size=8, callbacks=[Fail()], verbose=0)
    assert int(model.optimizer.iterations) == 1
    model.fit(X, Y, batch_size=8, verbose=0)
    assert int(model.optimizer.iterations) == 4


def test_a_history_of_ones_own_collects() -> None:
    history = keras.callbacks.History()
    for _ in range(2):
        network().fit(X, Y, epochs=2, callbacks=[history], verbose=0)
    assert history.epoch == [0, 1]
    assert len(history.history["loss"]) == 4


# The chapter's callbacks, as its readers write them


@pytest.mark.parametrize("read", [keras.backend.get_value, lambda rate: rate.numpy(), float])
def test_the_growing_rate_of_the_chapter(read) -> None:
    class ExponentialLearningRate(keras.callbacks.Callback):
        def __init__(self, factor):
            self.factor = factor
            self.rates = []
            self.losses = []

        def on_epoch_begin(self, epoch, logs=None):
            self.sum_of_epoch_losses = 0

        def on_batch_end(self, batch, logs=None):
            mean_epoch_loss = logs["loss"]
            new_sum_of_epoch_losses = mean_epoch_loss * (batch + 1)
            batch_loss = new_sum_of_epoch_losses - self.sum_of_epoch_losses
            self.sum_of_epoch_losses = new_sum_of_epoch_losses
            lr = self.model.optimizer.learning_rate
            self.rates.append(read(lr))
            self.losses.append(batch_loss)
            self.model.optimizer.learning_rate = read(lr) * self.factor

    callback = ExponentialLearningRate(1.5)
    network(optimizer=keras.optimizers.SGD(1e-3)).fit(X, Y, batch_size=4, callbacks=[callback], verbose=0)
    np.testing.assert_allclose(callback.rates, 1e-3 * 1.5 ** np.arange(5), rtol=1e-6)
    assert all(math.isfinite(loss) for loss in callback.losses)


def test_the_decay_per_batch_of_the_chapter() -> None:
    K = keras.backend

    class ExponentialDecay(keras.callbacks.Callback):
        def __init__(self, n_steps=40_000):
            super().__init__()
            self.n_steps = n_steps

        def on_batch_begin(self, batch, logs=None):
            lr = K.get_value(self.model.optimizer.learning_rate)
            K.set_value(self.model.optimizer.learning_rate, lr * 0.1 ** (1 / self.n_steps))

        def on_epoch_end(self, epoch, logs=None):
            logs = logs or {}
            logs["lr"] = K.get_value(self.model.optimizer.learning_rate)

    history = network().fit(X, Y, batch_size=4, epochs=2, callbacks=[ExponentialDecay(5)], verbose=0)
    np.testing.assert_allclose(history.history["lr"], [0.01, 0.001], rtol=1e-5)


# Remote


def test_the_remote_monitor() -> None:
    import json
    import threading
    import urllib.parse
    from http.server import BaseHTTPRequestHandler, HTTPServer

    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = self.headers["Content-Type"] != "application/json"
            seen.append((self.path, json.loads(urllib.parse.parse_qs(body)["data"][0] if form else body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        root = f"http://127.0.0.1:{server.server_port}"
        for as_json in (False, True):
            monitor = keras.callbacks.RemoteMonitor(root, send_as_json=as_json)
            monitor.on_epoch_end(3, {"loss": np.float32(0.5)})
        server.shutdown()
        thread.join()
    assert seen == [("/publish/epoch/end/", {"epoch": 3, "loss": 0.5})] * 2
    with pytest.warns(UserWarning, match="could not reach"):
        monitor.on_epoch_end(0, {})
