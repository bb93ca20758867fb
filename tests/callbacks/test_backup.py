"""BackupAndRestore: a training that was killed and started again ends with the bits of one that was not."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import ravine as keras
from ravine import layers

# A training with everything that has state: dropout, shuffling, normalization, slots, callbacks that count.
TRAINING = """
    import os, random, signal, sys
    import numpy as np
    import ravine as keras
    from ravine import layers

    folder, result, kill_at, save_freq = sys.argv[1:5]
    if kill_at == "none" or not os.path.exists(folder):
        keras.utils.set_random_seed(3)  # a new process need not know the seed
    rng = np.random.default_rng(0)
    x = rng.normal(size=(53, 6)).astype(np.float32)
    y = (x[:, :1] > 0).astype(np.float32)

    model = keras.Sequential([
        layers.Input((6,)), layers.Dense(12, "relu"), layers.Dropout(0.3), layers.BatchNormalization(),
        layers.Dense(1, "sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])

    class Cycle(keras.callbacks.Callback):  # changes the rate at every batch, as the chapter's 1cycle does
        iteration = 0

        def on_train_batch_begin(self, batch, logs=None):
            self.iteration += 1
            rate = self.model.optimizer.learning_rate
            self.model.optimizer.learning_rate = rate * (1 + 0.01 * np.sin(self.iteration))
            np.random.random(), random.random()

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = self.model.optimizer.learning_rate * 0.9

        def on_epoch_end(self, epoch, logs=None):
            logs["drawn"] = np.random.random() + random.random()

    steps = [0]

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps[0] += 1
            if kill_at == f"batch {steps[0]}":
                os.kill(os.getpid(), signal.SIGKILL)

    if kill_at.startswith("save"):
        saves, replace = [0], os.replace

        def killing(source, target):
            saves[0] += 1
            if kill_at == f"save {saves[0]}":
                with open(source, "r+b") as file:  # and what was written is cut off too
                    file.truncate(100)
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, target)

        os.replace = killing

    backup = keras.callbacks.BackupAndRestore(folder, save_freq if save_freq == "epoch" else int(save_freq))
    history = model.fit(
        x, y, batch_size=8, epochs=4, validation_split=0.2, verbose=0, steps_per_epoch=STEPS,
        callbacks=[
            backup, Cycle(), Kill(), keras.callbacks.CSVLogger(result + ".csv"),
            keras.callbacks.EarlyStopping(patience=50, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.7),
        ],
    )
    np.savez(result, *model.get_weights(), *[v.numpy() for v in model.optimizer.variables],
             **{f"history_{k}": v for k, v in history.history.items()}, epochs=history.epoch)
"""


def train(folder: Path, result: Path, kill_at: str, save_freq: str, steps: str) -> int:
    code = textwrap.dedent(TRAINING).replace("STEPS", steps)
    arguments = [sys.executable, "-c", code, str(folder), str(result), kill_at, save_freq]
    return subprocess.run(
        arguments, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ).returncode


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory):
    """By steps_per_epoch: the result of the training that nothing stopped."""
    results: dict[str, Path] = {}

    def result_of(steps: str) -> Path:
        if steps not in results:
            folder = tmp_path_factory.mktemp("whole")
            assert train(folder / "backup", folder / "result", "none", "epoch", steps) == 0
            results[steps] = folder / "result"
        return results[steps]

    return result_of


@pytest.mark.parametrize(
    ("kill_at", "save_freq", "steps"),
    [
        ("batch 9", "epoch", "None"),  # in the second epoch
        ("batch 16", "4", "None"),
        ("batch 12", "3", "None"),  # right after the last batch of an epoch
        ("save 2", "epoch", "None"),
        ("save 3", "2", "None"),
        ("batch 11", "5", "4"),  # epochs that end within a pass over the data
    ],
)
def test_a_killed_training_ends_with_the_same_bits(kill_at, save_freq, steps, uninterrupted, tmp_path) -> None:
    backup, result = tmp_path / "backup", tmp_path / "result"
    assert train(backup, result, kill_at, save_freq, steps) == -signal.SIGKILL
    assert backup.exists()
    assert not result.with_suffix(".npz").exists()
    assert train(backup, result, "never", save_freq, steps) == 0
    assert not backup.exists()
    whole, resumed = (np.load(f"{path}.npz") for path in (uninterrupted(steps), result))
    assert whole.files == resumed.files
    for name in whole.files:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)
    assert Path(f"{result}.csv").read_bytes() == Path(f"{uninterrupted(steps)}.csv").read_bytes()


X = np.arange(12, dtype=np.float32).reshape(6, 2) / 12
Y = X.sum(1, keepdims=True)


def network(units: int = 3) -> keras.Sequential:
    model = keras.Sequential([layers.Input((2,)), layers.Dense(units), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


class Interrupt(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise RuntimeError("interrupted")


def interrupted(folder: Path, **arguments) -> None:
    with pytest.raises(RuntimeError, match="interrupted"):
        backup = keras.callbacks.BackupAndRestore(folder, **arguments)
        network().fit(X, Y, epochs=5, callbacks=[backup, Interrupt(3)], verbose=0)


def test_going_on_in_another_fit(tmp_path: Path) -> None:
    interrupted(tmp_path / "backup")
    seen = []
    note = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
    history = network().fit(
        X, Y, epochs=5, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "backup"), note], verbose=0
    )
    assert seen == [3, 4]
    assert history.epoch == [0, 1, 2, 3, 4]
    assert len(history.history["loss"]) == 5


def test_a_backup_of_another_model(tmp_path: Path) -> None:
    interrupted(tmp_path / "backup")
    with pytest.raises(ValueError, match=r"of another model: it has the variables .*kernel \(2, 3\)"):
        network(4).fit(X, Y, epochs=5, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "backup")], verbose=0)


def test_a_broken_backup(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    interrupted(folder, double_checkpoint=True)
    latest = folder / "training_state.npz"
    latest.write_bytes(latest.read_bytes()[:200])
    again = keras.callbacks.BackupAndRestore(folder, double_checkpoint=True, delete_checkpoint=False)
    with pytest.warns(UserWarning, match="cannot be read .* using the one before"):
        history = network().fit(X, Y, epochs=5, callbacks=[again], verbose=0)
    assert history.epoch == [0, 1, 2, 3, 4]
    assert latest.exists()
    for path in folder.iterdir():
        path.write_bytes(b"no backup")
    with (
        pytest.raises(ValueError, match=r"cannot be read .* Delete it to begin anew"),
        pytest.warns(UserWarning, match="cannot be read"),
    ):
        network().fit(X, Y, epochs=5, callbacks=[keras.callbacks.BackupAndRestore(folder)], verbose=0)


@pytest.mark.parametrize(
    "case", ["an array less", "another shape", "another type", "compressed", "no place", "no seed"]
)
def test_a_backup_whose_parts_do_not_fit(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "backup"
    interrupted(folder)
    path = folder / "training_state.npz"
    with np.load(path) as members:
        arrays = dict(members)
    state = json.loads(arrays["state"].tobytes())
    save = np.savez
    if case == "an array less":
        del arrays["variable_0"]
    elif case == "another shape":
        arrays["variable_0"] = np.zeros((1, 1), np.float32)
    elif case == "another type":
        arrays["variable_0"] = arrays["variable_0"].astype(str)
    elif case == "compressed":
        save = np.savez_compressed
    else:
        state.update({"place": ["x", {}, 0]} if case == "no place" else {"python": None})
    save(path, **{**arrays, "state": np.frombuffer(json.dumps(state).encode(), np.uint8)})
    before = path.read_bytes()
    net = network()
    weights = net.get_weights()
    with pytest.raises(
        ValueError, match=r"the backup '.*training_state.npz' cannot be read .* Delete it to begin anew"
    ):
        net.fit(X, Y, epochs=5, callbacks=[keras.callbacks.BackupAndRestore(folder)], verbose=0)
    assert path.read_bytes() == before
    assert all(np.array_equal(a, b) for a, b in zip(weights, net.get_weights(), strict=True))


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    network().fit(X, Y, epochs=2, callbacks=[keras.callbacks.BackupAndRestore(tmp_path)], verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_training_that_was_stopped_is_over(tmp_path: Path) -> None:
    stop = keras.callbacks.EarlyStopping("loss", patience=0, mode="max")
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    epochs = network().fit(X, Y, epochs=9, callbacks=[backup, stop], verbose=0).epoch
    assert len(epochs) < 9
    assert network().fit(X, Y, epochs=9, callbacks=[backup], verbose=0).epoch == epochs


def test_arguments() -> None:
    with pytest.raises(ValueError, match="backup_dir is empty"):
        keras.callbacks.BackupAndRestore("")
    with pytest.raises(ValueError, match="save_freq must be"):
        keras.callbacks.BackupAndRestore("x", save_freq="batch")


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int):
        rows = np.random.default_rng(index).normal(size=(4, 2)).astype(np.float32)
        return rows, rows.sum(1, keepdims=True)


@pytest.mark.parametrize("steps", [None, 5])
def test_going_on_within_an_epoch_of_a_py_dataset(tmp_path: Path, steps: int | None) -> None:
    def train(kill: int | None) -> list[np.ndarray]:
        class Stop(keras.callbacks.Callback):
            seen = 0

            def on_train_batch_end(self, batch, logs=None):
                self.seen += 1
                if self.seen == kill:
                    raise KeyboardInterrupt

        keras.utils.set_random_seed(5)
        model = network()
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=2)
        model.fit(Batches(), epochs=3, steps_per_epoch=steps, callbacks=[backup, Stop()], verbose=0)
        return model.get_weights()

    whole = train(None)
    with pytest.raises(KeyboardInterrupt):
        train(9)
    for own, expected in zip(train(None), whole, strict=True):
        np.testing.assert_array_equal(own, expected)


def several_inputs_and_outputs() -> keras.Model:
    keras.utils.set_random_seed(9)
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    joined = layers.Dropout(0.2)(layers.Concatenate()([a, layers.Dense(4, "relu")(b)]))
    model = keras.Model(
        [a, b], {"one": layers.Dense(1, name="one")(joined), "two": layers.Dense(2, name="two")(joined)}
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
    model.compile(keras.optimizers.SGD(schedule, momentum=0.9), {"one": "mse", "two": "mae"}, metrics={"one": ["mae"]})
    return model


def test_several_inputs_and_outputs_and_a_plateau_on_a_schedule(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = {"a": rng.normal(size=(20, 2)), "b": rng.normal(size=(20, 3))}
    y = {"one": rng.normal(size=(20, 1)), "two": rng.normal(size=(20, 2))}

    def train(kill: int | None) -> tuple[list[np.ndarray], dict]:
        class Stop(keras.callbacks.Callback):
            seen = 0

            def on_train_batch_end(self, batch, logs=None):
                self.seen += 1
                if self.seen == kill:
                    raise KeyboardInterrupt

        model = several_inputs_and_outputs()
        callbacks = [
            keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=3),
            keras.callbacks.ReduceLROnPlateau("loss", patience=1, mode="max", factor=0.5),
            Stop(),
        ]
        history = model.fit(x, y, batch_size=6, epochs=4, callbacks=callbacks, verbose=0)
        return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)], history.history

    weights, history = train(None)
    assert history["learning_rate"][-1] < 0.5 * history["learning_rate"][0]  # the plateau has lowered the schedule
    with pytest.raises(KeyboardInterrupt):
        train(14)
    resumed, again = train(None)
    assert again == history
    for own, expected in zip(resumed, weights, strict=True):
        np.testing.assert_array_equal(own, expected)
