"""The traced programs of a model: which ones there are, and when a new one is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import _tree
from ravine.layers._snapshot import Snapshot
from ravine.layers.layer import Layer
from ravine.models.batch import Batch
from ravine.models.train_step import StepProgram, trace_predict, trace_test, trace_train
from ravine.ops import tracing

MOST_PROGRAMS = 64
_NOTHING = (None, None)

_TRACERS = {"train": trace_train, "test": trace_test, "predict": trace_predict}


class Programs(Layer):
    """A layer that keeps the programs of its training, test and prediction steps.

    A program belongs to the shapes of the data and to the state of the layers; freezing a layer or changing one of its
    attributes takes effect at the next step, with a program traced anew.
    """

    _compiled: Any
    _steps: dict[tuple, StepProgram]  # all of them
    _recent: dict[tuple, StepProgram]  # those for the layers as they are
    _quick: dict[tuple, tuple]  # how to predict, by kind of array; each with its snapshot, for the sake of threads
    _seen: Snapshot | None
    _accepts: Any
    optimizer: Any

    def _forget_programs(self) -> None:
        self.__dict__.update(_steps={}, _recent={}, _quick={}, _seen=None)

    @staticmethod
    def _without_programs(state: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in state.items() if key != "_holder"}
        return {**kept, "_steps": {}, "_recent": {}, "_quick": {}, "_seen": None, "_history": None}

    def _current(self) -> Snapshot:
        """The snapshot of the layers as they are; what was remembered for other ones is dropped."""
        with tracing.building:
            snapshot = self._snapshot()
            if snapshot is not self._seen:
                self.__dict__["_seen"] = snapshot
                self._recent.clear()
                self._quick.clear()
            return snapshot

    def _step(self, phase: str, batch: Batch, check: bool = True) -> StepProgram:
        """The program for arrays of these shapes and the present state of the layers; traced when it is new."""
        with tracing.building:
            self._build_for_data(batch)
            if phase == "predict":
                batch = Batch(batch.x)
            if phase == "train" and self.optimizer is None:
                raise ValueError(f"{self._label}: training needs an optimizer, and compile() was given optimizer=None.")
            self._current()
            shapes = tuple([_shapes(part) for part in batch])
            key = (phase, shapes, self.optimizer.program_key() if phase == "train" else None)
            step = self._recent.get(key)
            if step is None:
                step = self._recall_or_trace(key, batch)
            elif check and phase != "predict":
                self._compiled.check_targets(batch.y, step.output_shapes, self._label)
            return step

    def _build_for_data(self, batch: Batch) -> None:
        """Make the weights, where there are none yet, for inputs like these."""
        if not self.built or self.__dict__.get("_assumed"):
            shapes = _tree.mapped(lambda x: (None, *x.shape[1:]), batch.x)
            if not self.built or not self._accepts(shapes):
                self.build(shapes)

    def _recall_or_trace(self, key: tuple, batch: Batch) -> StepProgram:
        step = self._steps.get((*key, self._snapshot().key))
        if step is not None:
            if key[0] != "predict":
                self._compiled.check_targets(batch.y, step.output_shapes, self._label)
        else:
            # While a GAN freezes and unfreezes layers a few states take turns; more than that are of no use.
            if len(self._steps) >= MOST_PROGRAMS:
                self._steps.clear()
            step = _TRACERS[key[0]](self, batch)
            self._steps[(*key, self._snapshot().key)] = step
            self._current()
        self._recent[key] = step
        return step

    def _quick_program(self, x: np.ndarray) -> StepProgram | None:
        """The program that predicts an array of this kind, if it was used before and no layer changed."""
        snapshot, step = self._quick.get((x.shape[1:], x.dtype), _NOTHING)
        if step is None or not snapshot.holds() or not x.flags.c_contiguous:
            return None
        return step

    def _remember_quick(self, x: Any, batch: Batch) -> StepProgram:
        """The program that predicts `batch`, which was made of `x`; found without preparation the next time."""
        with tracing.building:
            step = self._step("predict", batch)
            snapshot = self._seen
        plain = type(x) is np.ndarray and type(batch.x) is np.ndarray and batch.x.shape == x.shape
        if plain and step.single_float and x.dtype.kind in "iuf" and x.dtype.isnative:
            self._quick[x.shape[1:], x.dtype] = snapshot, step
        return step


def _shapes(part: Any) -> Any:
    """The shapes of an array or a structure of arrays, without the batch; hashable."""
    if part is None:
        return None
    if isinstance(part, dict):
        return tuple(part), tuple([_shapes(value) for value in part.values()])
    if isinstance(part, (list, tuple)):
        return type(part).__name__, tuple([_shapes(value) for value in part])
    return part.shape[1:]
