"""Trainer: compile, fit, evaluate and predict."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ravine import _tree, config
from ravine.callbacks import Callback, CallbackList, History
from ravine.models import loops
from ravine.models.array_data import ArrayData
from ravine.models.batch import Batch, Layout, make_batch
from ravine.models.compiled import Compiled
from ravine.models.counts import DEFAULT_BATCH_SIZE, check_count
from ravine.models.data_adapter import is_stream, make_data, split_validation, unpack
from ravine.models.programs import Programs
from ravine.models.stream_data import StreamData
from ravine.ops import tracing


class Trainer(Programs):
    """A layer with what it takes to be trained; `Model` adds the rest."""

    loss: Any = None
    _compile_arguments: dict[str, Any]
    _stop_training: bool
    _history: History

    def _init_trainer(self) -> None:
        # Not as attributes: what fit keeps to itself must not count as a change of the layer.
        state = self.__dict__
        state["_compiled"] = None
        state["_compile_arguments"] = {}
        state["_stop_training"] = False
        state["_history"] = None
        self._forget_programs()

    @property
    def stop_training(self) -> bool:
        """Set to True, by a callback for example, to end `fit` after the current batch or epoch."""
        return self._stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.__dict__["_stop_training"] = bool(value)

    @property
    def history(self) -> History:
        """The History of the last `fit`, also when it was interrupted."""
        return self._history

    @history.setter
    def history(self, value: History) -> None:
        self.__dict__["_history"] = value

    # compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: a name or an Optimizer. Passing the same object again keeps its iterations and slots.
            loss: a name, a Loss, or a function `(y_true, y_pred) -> losses` written with `ravine.ops`; for several
                outputs one for all of them, or a list, or a dict by the outputs' names, None where there is no loss.
            loss_weights: a factor of the loss, or a list or dict of them.
            metrics: a list of names, Metrics or functions; "accuracy" picks the kind that fits the shapes. For several
                outputs a list of such lists, or a dict of them.
            weighted_metrics: the same, but weighted by `sample_weight` and `class_weight`.
            run_eagerly: accepted for code written for Keras; every step is one program of the engine.
            steps_per_execution: as `run_eagerly`; an epoch runs inside the engine as it is.
            jit_compile: as `run_eagerly`.
            auto_scale_loss: as `run_eagerly`; everything is float32.

        Raises:
            ValueError: an unknown name; the message suggests close matches.
            NotImplementedError: the model has a `train_step` of its own.
        """
        for name in ("train_step", "test_step", "predict_step"):
            if hasattr(type(self), name):
                raise NotImplementedError(
                    f"{self._label}: {name}() of a model of your own is not called: a step is one program of the "
                    "engine. Override compute_loss(), call self.add_loss() in call(), or write a loss, layer or "
                    "optimizer of your own; they become part of the program. For loops such as a GAN's use "
                    "train_on_batch()."
                )
        self.__dict__["_compiled"] = Compiled(optimizer, loss, loss_weights, metrics, weighted_metrics)
        self.__dict__["_compile_arguments"] = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        self.optimizer = self._compiled.optimizer
        self.loss = loss
        self.run_eagerly = run_eagerly
        self.stop_training = False
        self._forget_programs()

    @property
    def compiled(self) -> bool:
        return self._compiled is not None

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"{self._label}: call compile(optimizer=..., loss=...) before {method}().")

    # What user models may override; both are traced.

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The scalar to minimize: the compiled loss plus what layers add (regularizers, `add_loss`)."""
        parts = self._compiled.loss_parts(y, y_pred, sample_weight) + self.losses
        if not parts:
            raise ValueError(f"{self._label}: nothing to minimize; pass a loss to compile() or use add_loss().")
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics with one batch.

        Returns:
            the results by name; in a step, which is traced, an empty dict: what a step shows are the results of
            `metrics` after it, whatever is added to the dict.
        """
        self._compiled.update_metrics(y, y_pred, sample_weight)
        return {} if tracing.current() is not None else self.get_metrics_result()

    # Metrics

    @property
    def metrics(self) -> list[Any]:
        """The running mean of the loss, then the metrics."""
        own = self._current().metrics
        if not self.compiled:
            return list(own)
        return list({id(m): m for m in [self._compiled.loss_tracker, *self._compiled.metrics, *own]}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names that belong to the values `evaluate` returns."""
        return [self._name_of(metric) for metric in self.metrics]

    def _name_of(self, metric: Any) -> str:
        return self._compiled.name_of(metric) if self.compiled else metric.name

    @property
    def batch_loss(self) -> float:
        """The loss of the last batch by itself, from the weights before its update, while `logs["loss"]` is the running
        mean. For callbacks of single batches (train and test), and after `train_on_batch` and `test_on_batch`."""
        tracker = self._compiled.loss_tracker
        total, count = self.__dict__.get("_totals_before", (0.0, 0.0))
        rows = float(tracker.count) - count
        return float(np.float32((float(tracker.total) - total) / rows)) if rows else 0.0

    def _note_totals(self) -> None:
        tracker = self._compiled.loss_tracker
        self.__dict__["_totals_before"] = (float(tracker.total), float(tracker.count))

    def reset_metrics(self) -> None:
        self.__dict__["_totals_before"] = (0.0, 0.0)
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The current values, by name: the loss first."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            if isinstance(value, dict):
                results.update(value)
            else:
                results[self._name_of(metric)] = value
        return results

    def _values(self) -> dict[str, float]:
        return {name: _as_number(value) for name, value in self.get_metrics_result().items()}

    def _logs(self) -> dict[str, float]:
        return dict(sorted(self._values().items()))

    def _returned(self, return_dict: bool) -> Any:
        if return_dict:
            return self._logs()
        flat = list(self._values().values())
        return flat[0] if len(flat) == 1 else flat

    @contextlib.contextmanager
    def _alone(self, method: str) -> Iterator[None]:
        """What trains the model or counts in its metrics is for one thread at a time.

        Raises:
            RuntimeError: another thread does so at the moment.
        """
        state, mine = self.__dict__, (threading.get_ident(), method)
        try:
            holder = state.setdefault("_holder", mine)  # atomic
            if holder[0] != mine[0]:
                raise RuntimeError(
                    f"{self._label}: {method}() was called while {holder[1]}() of the same model runs in another "
                    "thread. Models that differ may be trained side by side, and any number of threads may predict."
                )
            yield
        finally:
            if state.get("_holder") is mine:
                del state["_holder"]

    # Data

    def _layout(self) -> Layout:
        """What the model takes and gives, as far as it is known."""
        return Layout()

    def _data(
        self, x: Any, y: Any, sample_weight: Any, batch_size: Any, steps: Any, shuffle: bool = False, **kwargs: Any
    ) -> ArrayData | StreamData:
        return make_data(x, y, sample_weight, batch_size, steps, shuffle, **kwargs, layout=self._layout())

    # fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Callback | list[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] = 1,
    ) -> History:
        """Train for a number of epochs.

        Args:
            x: array of shape (n, ...), any numeric dtype and layout, list, torch or jax tensor, DataFrame; for several
                inputs a list of arrays or a dict of them by name; or an iterable of batches `(x, y)` or
                `(x, y, sample_weight)`: a generator, a torch DataLoader.
            y: targets of shape (n, ...), for several outputs a list or dict of them; None when `x` yields batches.
            batch_size: default 32, or with `steps_per_epoch` what divides the rows into so many batches. The last batch
                of an epoch may be smaller.
            epochs: number of the last epoch; with `initial_epoch` not the number of epochs to run.
            verbose: 0 silent, 1 a progress bar, 2 a line per epoch, "auto" is 1. Where the output is a file or a
                pipe, 1 writes one line per epoch without control codes.
            callbacks: see `ravine.callbacks`.
            validation_split: this fraction of the rows, the last ones before shuffling, is kept for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or an iterable of batches; overrides `validation_split`.
            shuffle: a new random order of the rows in every epoch.
            class_weight: dict of class index to weight of its samples in the loss.
            sample_weight: weight of each row in the loss, shape (n,).
            initial_epoch: continue counting from here.
            steps_per_epoch: number of batches per epoch; default all.
            validation_steps: number of validation batches, each time the first ones; default all.
            validation_batch_size: default `batch_size`.
            validation_freq: validate every so many epochs, or in the epochs of this list (from 1).

        Returns:
            History; `.history` holds the values of training and, with ``val_`` in front, of validation, sorted by
            name; then `learning_rate`.

        Raises:
            ValueError: not compiled, empty data, unequal lengths, shapes or labels that do not fit the loss.
            TypeError: data that is not numeric, counts that are not integers.
            RuntimeError: another thread trains or evaluates the model at the moment.
            KeyboardInterrupt: Ctrl-C, after the batch in work; the model stays usable and `model.history` holds the
                epochs that were completed.
        """
        self._require_compiled("fit")
        verbose = _check_verbose(verbose)
        epochs = check_count(epochs, "epochs", 0)
        initial_epoch = check_count(initial_epoch, "initial_epoch", 0)
        epochs = _at_most(config.max_epochs(), epochs)
        if steps_per_epoch is not None:
            check_count(steps_per_epoch, "steps_per_epoch")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_validation(
                x, y, sample_weight, validation_split, self._layout()
            )
        data = self._data(
            x,
            y,
            sample_weight,
            batch_size,
            steps_per_epoch,
            shuffle,
            class_weight=class_weight,
            next_seed=_next_shuffle_seed,
        )
        with self._alone("fit"):
            self._step("train", data.first())
            validation = None
            if validation_data is not None:
                validation = self._data(
                    *unpack(validation_data, "validation_data"),
                    validation_batch_size
                    if validation_batch_size is not None
                    else _batch_size_for(validation_data, batch_size),
                    validation_steps,
                )
                self._step("test", validation.first())
            callbacks = CallbackList(
                callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=epochs,
                steps=data.steps,
            )  # fmt: skip
            self.stop_training = False
            logs: dict[str, float] = {}
            callbacks.see_training(data)
            callbacks.on_train_begin()
            initial_epoch = self.__dict__.pop("_initial_epoch", None) or initial_epoch  # of a backup
            try:
                for epoch in range(initial_epoch, epochs):
                    self.reset_metrics()
                    callbacks.on_epoch_begin(epoch)
                    loops.run(self, "train", data, callbacks)
                    if data.used_up:
                        warnings.warn(f"{data.used_up} Training ends before epoch {epoch + 1}.", stacklevel=2)
                        break
                    logs = self._logs()
                    if validation is not None and _validates(epoch, validation_freq):
                        results = self._evaluate(validation, callbacks)
                        logs.update({f"val_{name}": value for name, value in results.items()})
                        logs = dict(sorted(logs.items()))
                    logs.update(self.optimizer.learning_rate_logs())
                    callbacks.warn_of_lost_loss(epoch, logs)
                    callbacks.on_epoch_end(epoch, logs)
                    if callbacks.params.get("steps") != data.steps:  # a stream's length is known after its first epoch
                        callbacks.set_params({**callbacks.params, "steps": data.steps})
                    if self.stop_training:
                        break
            except BaseException:
                if callbacks.progbar is not None:
                    callbacks.progbar.abandon()
                raise
            if epochs > initial_epoch:
                self.optimizer.finalize_variable_values(self.trainable_variables)
            callbacks.on_train_end(logs)
            return self.history

    # evaluate

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | list[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data, in inference mode. Arguments as in `fit`.

        Returns:
            the loss as a float when there are no metrics, else a list `[loss, metric, ...]` in the order of
            `metrics_names`, or a dict by name with `return_dict=True`.
        """
        self._require_compiled("evaluate")
        verbose = _check_verbose(verbose)
        data = self._data(x, y, sample_weight, batch_size, steps)
        with self._alone("evaluate"):
            self._step("test", data.first())
            callbacks = CallbackList(
                callbacks, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1, steps=data.steps
            )
            try:
                self._evaluate(data, callbacks)
            except BaseException:
                if callbacks.progbar is not None:
                    callbacks.progbar.abandon()
                raise
            return self._returned(return_dict)

    def _evaluate(self, data: Any, callbacks: CallbackList) -> dict[str, float]:
        callbacks.on_test_begin()
        self.reset_metrics()
        data.begin_again()
        muted = callbacks.progbar is not None and callbacks.progbar.in_fit
        with callbacks.progress_muted() if muted else contextlib.nullcontext():
            loops.run(self, "test", data, callbacks)
        if data.used_up:
            raise ValueError(data.used_up)
        logs = self._logs()
        callbacks.on_test_end(logs)
        return logs

    # predict

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Callback | list[Callback] | None = None,
    ) -> Any:
        """The outputs for `x`, in inference mode.

        Args:
            x: as in `fit`. Rows that fit into one batch take a short path of a few microseconds.
            batch_size: default 32.
            verbose: 1 or "auto" shows a progress bar when there is more than one batch.
            steps: predict only this many batches.
            callbacks: see `ravine.callbacks`.

        Returns:
            float32 array with a row of outputs per row of `x`; for several outputs the structure of them.
        """
        if type(x) is np.ndarray and x.ndim and steps is None and callbacks is None:
            most = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
            quick = self._quick_program(x) if type(most) is int and 0 < len(x) <= most else None
            if quick is not None:
                return quick.run([x])[0]
        verbose = _check_verbose(verbose)
        data = self._data(x, None, None, batch_size, steps)
        self._remember_quick(x, data.first())
        shown = verbose != 0 and data.steps != 1
        callbacks = CallbackList(callbacks, add_progbar=shown, model=self, verbose=verbose, epochs=1, steps=data.steps)
        callbacks.on_predict_begin()
        try:
            outputs = loops.predict(self, data, callbacks)
        except BaseException:
            if callbacks.progbar is not None:
                callbacks.progbar.abandon()
            raise
        callbacks.on_predict_end()
        return outputs

    # Single batches

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One update with one batch.

        Returns:
            as `evaluate`: the loss before the update and the metrics of this batch alone.
        """
        self._require_compiled("train_on_batch")
        return self._on_batch("train", make_batch(x, y, sample_weight, class_weight, self._layout()), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics of one batch, in inference mode. Returns as `evaluate`."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test", make_batch(x, y, sample_weight, layout=self._layout()), return_dict)

    def _on_batch(self, phase: str, batch: Batch, return_dict: bool) -> Any:
        with self._alone(f"{phase}_on_batch"):
            step = self._step(phase, batch)
            self.reset_metrics()
            step.program.run(batch.arrays())
            return self._returned(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, float32, in the structure of the model's outputs."""
        quick = self._quick_program(x) if type(x) is np.ndarray and x.ndim and len(x) else None
        if quick is not None:
            return quick.run([x])[0]
        batch = make_batch(x, layout=self._layout())
        step = self._remember_quick(x, batch)
        return step.in_structure(step.program.run(_tree.leaves(batch.x)))


def _check_verbose(verbose: Any) -> int:
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose: expected 0, 1, 2 or 'auto', received {verbose!r}.")
    return int(verbose)


def _at_most(limit: int | None, epochs: int) -> int:
    if limit is None or limit >= epochs:
        return epochs
    warnings.warn(f"fit: config.max_epochs() is {limit}, so it runs {limit} instead of {epochs} epochs.", stacklevel=3)
    return limit


def _batch_size_for(validation_data: Any, batch_size: int | None) -> int | None:
    return None if is_stream(validation_data) else batch_size


def _validates(epoch: int, validation_freq: int | list[int]) -> bool:
    if isinstance(validation_freq, (list, tuple, set)):
        return epoch + 1 in validation_freq
    return (epoch + 1) % check_count(validation_freq, "validation_freq") == 0


def _next_shuffle_seed() -> int:
    from ravine import random

    return random.draw_seed()


def _as_number(value: Any) -> Any:
    array = np.asarray(value)
    return float(array) if array.size == 1 else array
