"""BackupAndRestore: go on with a training that was cut off, as if it had not been."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import random as python_random
import warnings
from typing import Any

import numpy as np

from ravine.callbacks import _plain
from ravine.callbacks._batches import SavesByBatches
from ravine.callbacks.callback import Callback

FORMAT = 1
# What NumPy, zipfile, json and those that take over the state raise for what was never a backup.
_UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, MemoryError,
    NotImplementedError,
)  # fmt: skip


class _OtherModelError(ValueError):
    """A backup is whole, but of another model."""


class BackupAndRestore(SavesByBatches):
    """Writes the state of the training to a file in `backup_dir`; a `fit` that is started again with the same folder
    goes on from there, and ends with the same bits as one that was never interrupted.

    The state is all of it: weights and other variables, the optimizer's slots and step count, the epoch and with an
    integer `save_freq` the batch within it, the running metrics, the order of the samples, the random state of ravine,
    NumPy and Python, what the callbacks have counted so far (the patience of `EarlyStopping`, the iteration of a
    callback of your own: every attribute that is a number, a text, an array or a list or dict of them, and has changed
    since training began), and the history, so that the History returned is that of the whole training.

    The file is replaced at once or not at all, so that a process killed at any moment, also while it writes, leaves a
    backup that can be used. The model, the data and the arguments of `fit` must be the same when training goes on. A
    generator cannot be told to skip what was used; give `fit` arrays, a `PyDataset` or an object that can be iterated
    over again.

    Args:
        backup_dir: a folder for this training alone.
        save_freq: "epoch", or an integer: after this many batches.
        double_checkpoint: keep the backup before the last one too, and use it when the last one cannot be read.
        delete_checkpoint: delete the backup when training has ended.

    Raises:
        ValueError: an empty `backup_dir`, an unknown `save_freq`, or a backup of another model.
    """

    runs_last = True  # after all callbacks whose state it saves and restores

    def __init__(
        self,
        backup_dir: str | os.PathLike,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore: backup_dir is empty.")
        self.backup_dir = os.fspath(backup_dir)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._set_save_freq(save_freq)
        self._path = os.path.join(self.backup_dir, "training_state.npz")
        self._previous = os.path.join(self.backup_dir, "training_state.previous.npz")
        self._epoch = 0
        self._data: Any = None
        self._callbacks: list[Callback] = []
        self._before: list[dict[str, str]] = []
        self._restored: _Backup | None = None

    def see_training(self, data: Any, callbacks: list[Callback]) -> None:
        self._data, self._callbacks = data, callbacks

    # Hooks

    def on_train_begin(self, logs=None) -> None:
        self._batches_since_saving = 0
        self._before = [_plain.fingerprints(owner, private) for owner, private in self._owners()]
        self._restored = self._read()
        if self._restored is not None:
            self._restore(self._restored)
            self.model.__dict__["_initial_epoch"] = self._restored.state["epoch"]
            if not self._restored.state["mid_epoch"]:
                self._restored = None

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self._epoch = epoch
        if self._restored is not None:
            # Again: the beginning of an epoch that had begun already has changed metrics, rates and counts.
            self._restore(self._restored)
            self._restored = None

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        if self.save_freq == "epoch":
            ended = self.model.stop_training
            self._write(self.params.get("epochs", epoch + 1) if ended else epoch + 1, mid_epoch=False)

    def _after_batch(self, batch: int, logs=None) -> None:
        self._write(self._epoch, mid_epoch=True)

    def on_train_end(self, logs=None) -> None:
        if not self.delete_checkpoint:
            return
        leftovers = glob.glob(os.path.join(glob.escape(self.backup_dir), ".training_state.npz.*.tmp"))
        for path in (self._path, self._previous, *leftovers):
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
        with contextlib.suppress(OSError):  # there are other files in it
            os.rmdir(self.backup_dir)

    # State

    def _owners(self) -> list[tuple[Any, bool]]:
        """The objects whose attributes belong to the state, and whether their private ones do."""
        others = [(x, True) for x in self._callbacks if x is not self and hasattr(x, "__dict__")]
        return [*others, (self.model.optimizer, False)]

    def _changes(self) -> list[tuple[str, dict[str, Any]]]:
        """By class, the plain attributes of each owner that are no longer what they were when training began."""
        changes = []
        for (owner, private), before in zip(self._owners(), self._before, strict=True):
            now = _plain.fingerprints(owner, private)
            values = {name: getattr(owner, name) for name, mark in now.items() if before.get(name) != mark}
            changes.append((type(owner).__name__, values))
        return changes

    def _variables(self) -> list[Any]:
        model = self.model
        found = [*model.weights, *model.optimizer.variables, *(v for metric in model.metrics for v in metric.variables)]
        found += [generator.state for generator in _seed_generators(model)]
        if self._data is not None:
            found += model._step("train", self._data.sample(), check=False).variables
        return list({id(v): v for v in found}.values())

    def _write(self, epoch: int, mid_epoch: bool) -> None:
        from ravine import random
        from ravine.saving.atomic import replacing

        variables = self._variables()
        extra: list[np.ndarray] = []
        state = {
            "format": FORMAT,
            "epoch": epoch,
            "mid_epoch": mid_epoch,
            "place": None if self._data is None else list(self._data.place()),
            "variables": [[v.path, list(v.shape)] for v in variables],
            "optimizer": len(self.model.optimizer.variables),
            "seeds": [generator.seed for generator in _seed_generators(self.model)],
            "random": random.global_generator().bit_generator.state,
            "numpy": _plain.pack(np.random.get_state(), extra),
            "python": _plain.pack(python_random.getstate(), extra),
            "owners": [[name, _plain.pack(values, extra)] for name, values in self._changes()],
        }
        arrays = {f"variable_{i}": v.array for i, v in enumerate(variables)}
        arrays.update({f"extra_{i}": array for i, array in enumerate(extra)})
        arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._path):
            os.replace(self._path, self._previous)
        with replacing(self._path) as file:
            np.savez(file, **arrays)

    def _read(self) -> _Backup | None:
        paths = [path for path in (self._path, self._previous) if os.path.exists(path)]
        for path in paths:
            try:
                return _Backup(path)
            except _UNREADABLE as error:
                if path == paths[-1]:
                    raise _damaged(path, error) from error
                warnings.warn(
                    f"BackupAndRestore: {path!r} cannot be read ({error}); using the one before.", stacklevel=5
                )
        return None

    def _restore(self, backup: _Backup) -> None:
        try:
            self._take_over(backup)
        except _OtherModelError:
            raise
        except _UNREADABLE as error:
            raise _damaged(backup.path, error) from error

    def _take_over(self, backup: _Backup) -> None:
        from ravine import random

        state = backup.state
        generators = _seed_generators(self.model)
        if [generator.seed for generator in generators] != state["seeds"]:
            if len(generators) != len(state["seeds"]):
                raise self._of_another_model("its layers draw random numbers in other places")
            for generator, seed in zip(generators, state["seeds"], strict=True):
                generator.seed = seed
            self.model._forget_programs()  # the seeds are constants of a program
        self.model.optimizer._expect(state["optimizer"])
        variables = self._variables()
        expected = [[v.path, list(v.shape)] for v in variables]
        if [shape for _, shape in expected] != [shape for _, shape in state["variables"]]:
            own, theirs = (
                ", ".join(f"{path} {tuple(shape)}" for path, shape in x) for x in (expected, state["variables"])
            )
            raise self._of_another_model(f"it has the variables {theirs}; the model has {own}")
        # First what may turn out not to fit, so that a damaged backup leaves the weights alone.
        extra = [backup.arrays[f"extra_{i}"] for i in range(len(backup.arrays) - len(variables) - 1)]
        saved: dict[str, list[dict[str, Any]]] = {}
        for name, attributes in state["owners"]:
            saved.setdefault(name, []).append(_plain.unpack(attributes, extra))
        if self._data is not None and state["place"] is not None:
            self._data.go_to(type(self._data.place())(*state["place"]))
        random.global_generator().bit_generator.state = state["random"]
        np.random.set_state(_plain.unpack(state["numpy"], extra))
        python_random.setstate(_plain.unpack(state["python"], extra))
        for i, variable in enumerate(variables):
            variable.array[...] = backup.arrays[f"variable_{i}"]
        for owner, _ in self._owners():
            waiting = saved.get(type(owner).__name__)
            if waiting:
                for name, value in waiting.pop(0).items():
                    setattr(owner, name, value)

    def _of_another_model(self, why: str) -> ValueError:
        return _OtherModelError(
            f"BackupAndRestore: the backup in {self.backup_dir!r} is of another model: {why}. Train the model that it "
            "was made of, or delete the folder to begin anew."
        )


class _Backup:
    """A backup that was read: `state`, and `arrays` by name."""

    def __init__(self, path: str) -> None:
        from zipfile import ZIP_STORED, BadZipFile

        self.path = path
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as members:
                if any(member.compress_type != ZIP_STORED for member in members.zip.infolist()):
                    raise ValueError("it is compressed, as no backup is")
                self.arrays = {name: members[name] for name in members.files}
        except BadZipFile as error:
            raise ValueError(str(error)) from error
        self.state = json.loads(self.arrays["state"].tobytes())
        if self.state["format"] != FORMAT:
            raise ValueError(f"it has format {self.state['format']}, this version reads {FORMAT}")
        if type(self.state["epoch"]) is not int or type(self.state["mid_epoch"]) is not bool:
            raise ValueError("it does not say at which epoch it was made")
        place = self.state["place"]
        if place is not None and not all(number is None or type(number) is int for number in place):
            raise ValueError(f"its place in the data is {place}")
        for i, (name, shape) in enumerate(self.state["variables"]):
            array = self.arrays[f"variable_{i}"]
            if list(array.shape) != shape or array.dtype.kind not in "biuf":
                raise ValueError(f"it holds {name!r} as {array.dtype} of shape {array.shape} instead of {shape}")


def _damaged(path: str, error: BaseException) -> ValueError:
    return ValueError(f"BackupAndRestore: the backup {path!r} cannot be read ({error}). Delete it to begin anew.")


def _seed_generators(model: Any) -> list[Any]:
    from ravine import _tree
    from ravine.random import SeedGenerator

    held = (x for layer in model._flatten_layers() for value in vars(layer).values() for x in _tree.leaves(value))
    return list({id(x): x for x in held if isinstance(x, SeedGenerator)}.values())
