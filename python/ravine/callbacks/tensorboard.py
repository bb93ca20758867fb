"""TensorBoard: curves, histograms and the graph of a model for TensorBoard's pages."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

from ravine.callbacks import _event_files
from ravine.callbacks.callback import Callback


class TensorBoard(Callback):
    """Writes what `tensorboard --logdir logs` shows, in the runs `train` and `validation` under `log_dir`, with the
    names that Keras gives: `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate`, `batch_loss`,
    `evaluation_loss_vs_iterations`. TensorFlow is not needed.

    Args:
        log_dir: str or PathLike; a folder for each training.
        histogram_freq: every so many epochs the distributions of the weights (`<path>/histogram`) and of their
            gradients on a sample batch (`<path>/gradient`); 0 for none.
        write_graph: write the layers of the model as a graph, and its configuration.
        write_images: not available; warns.
        write_steps_per_second: add `epoch_steps_per_second`.
        update_freq: "epoch", "batch", or an integer: also write the running means after every so many batches. The
            step of these is the number of batches since the begin of `fit`, from 1.
        profile_batch: accepted for Keras' sake; RAVINE_VERBOSE=plan shows what a step does.
        embeddings_freq, embeddings_metadata: not available.

    Raises:
        ImportError: the `tensorboard` package is missing.
        NotImplementedError: `embeddings_freq` is not 0.
        ValueError: an unknown `update_freq`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        _event_files.require_tensorboard()
        if embeddings_freq:
            raise NotImplementedError(
                "TensorBoard: embeddings_freq is not available; save the layer's weights and load them into the "
                "projector instead."
            )
        if write_images:
            warnings.warn("TensorBoard: write_images is not available; histogram_freq shows weights.", stacklevel=2)
        frequency = 1 if update_freq == "batch" else update_freq
        if frequency != "epoch" and (isinstance(frequency, bool) or not isinstance(frequency, int) or frequency < 1):
            raise ValueError(
                f"TensorBoard: update_freq must be 'epoch', 'batch' or a number of batches, received {update_freq!r}."
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = frequency
        self._files: dict[str, Any] = {}
        self._batches = 0
        self._data: Any = None
        self._epoch_started = (0.0, 0)
        if frequency != "epoch":
            # Set on the object, so that training returns to Python after every batch only when this is asked for.
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def _file(self, run: str) -> Any:
        if run not in self._files:
            self._files[run] = _event_files.EventFile(os.path.join(self.log_dir, run))
        return self._files[run]

    def see_training(self, data: Any, callbacks: list[Callback]) -> None:
        self._data = data

    def on_train_begin(self, logs=None) -> None:
        self._batches = 0
        if self.write_graph:
            self._write_graph()

    def on_train_end(self, logs=None) -> None:
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self._epoch_started = (time.perf_counter(), int(self.model.optimizer.iterations))

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        train = {key: x for key, x in (logs or {}).items() if not key.startswith("val_")}
        validation = {key[4:]: x for key, x in (logs or {}).items() if key.startswith("val_")}
        train.update(self.model.optimizer.learning_rate_logs())
        if self.write_steps_per_second:
            began, before = self._epoch_started
            steps = int(self.model.optimizer.iterations) - before
            train["steps_per_second"] = steps / (time.perf_counter() - began)
        self._scalars("train", "epoch_{}", train, epoch)
        self._scalars("validation", "epoch_{}", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)
        for file in self._files.values():
            file.flush()

    def _after_batch(self, batch: int, logs=None) -> None:
        self._batches += 1
        if self._batches % int(self.update_freq) == 0:
            self._scalars("train", "batch_{}", logs or {}, self._batches)

    def on_test_end(self, logs=None) -> None:
        step = int(self.model.optimizer.iterations)
        self._scalars("validation", "evaluation_{}_vs_iterations", logs or {}, step)
        if "epochs" not in self.params or self._data is None:  # evaluate() by itself has no later hook
            self._close()

    def _scalars(self, run: str, tag: str, values: dict[str, Any], step: int) -> None:
        for name, value in values.items():
            if getattr(value, "ndim", 0) == 0:
                self._file(run).scalar(tag.format(name), value, step)

    def _write_histograms(self, epoch: int) -> None:
        file = self._file("train")
        for variable in self.model.weights:
            file.histogram(f"{self._tag(variable.path)}/histogram", variable.array, epoch)
        if self._data is not None:
            from ravine.callbacks._inspection import inspect_step

            for path, gradient in inspect_step(self.model, self._data.sample()).gradients.items():
                file.histogram(f"{self._tag(path)}/gradient", gradient, epoch)

    def _tag(self, path: str) -> str:
        """A variable's path without the name of the model, which another run may have numbered otherwise."""
        return path.removeprefix(f"{self.model.name}/")

    def _write_graph(self) -> None:
        file = self._file("train")
        if self._data is not None:
            from ravine.callbacks._inspection import layer_graph

            file.graph(layer_graph(self.model, self._data.sample()))
        try:
            config = self.model.to_json()
        except (NotImplementedError, TypeError, ValueError) as error:
            warnings.warn(f"TensorBoard: the configuration of the model is left out. {error}", stacklevel=3)
        else:
            file.model_config("keras", config)
