"""Running a program over data: whole epochs inside the engine, or batch by batch where a callback wants that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravine import _tree
from ravine.callbacks import CallbackList, ProgbarLogger
from ravine.models.array_data import ArrayData
from ravine.models.stream_data import StreamData


def run(model: Any, phase: str, data: ArrayData | StreamData, callbacks: CallbackList) -> None:
    """One pass over `data`: training ("train") or evaluation ("test"). Results gather in the model's metrics."""
    if isinstance(data, StreamData):
        _run_stream(model, phase, data, callbacks)
    elif callbacks.wants_batches(phase):
        _run_batch_by_batch(model, phase, data, callbacks)
    else:
        _run_inside(model, phase, data, callbacks)


def predict(model: Any, data: ArrayData | StreamData, callbacks: CallbackList) -> Any:
    """The predictions for all rows of `data`, float32, in the structure of the model's outputs."""
    if isinstance(data, StreamData):
        return _predict_stream(model, data, callbacks)
    step = model._step("predict", data.rows)
    steps = min(data.steps, data.batches)
    rows = min(data.size, steps * data.batch_size)
    outputs = [np.empty((rows, *shape[1:]), np.float32) for shape in step.output_shapes]
    arrays = [array[:rows] for array in _tree.leaves(data.rows.x)]
    progbar = callbacks.progbar
    if not callbacks.wants_batches("predict"):
        poll = None if progbar is None else _shown(progbar)
        step.program.run_batches(arrays, data.batch_size, 0, steps, None, outputs, poll)
    else:
        for batch in range(steps):
            callbacks.on_predict_batch_begin(batch)
            step.program.run_batches(arrays, data.batch_size, batch, batch + 1, None, outputs)
            first = batch * data.batch_size
            ready = [output[first : first + data.batch_size] for output in outputs]
            callbacks.on_predict_batch_end(batch, {"outputs": step.in_structure(ready)})
            if progbar is not None:
                progbar.advance(batch + 1)
    if progbar is not None:
        progbar.advance(steps)
    return step.in_structure(outputs)


def _run_inside(model: Any, phase: str, data: ArrayData, callbacks: CallbackList) -> None:
    step = model._step(phase, data.rows, check=False)
    progbar = callbacks.progbar
    done = data.done
    for order, begin, end in data.segments():
        offset = done - begin

        def poll(next_batch: int, offset: int = offset) -> bool:
            if progbar is not None and progbar.due():
                progbar.advance(offset + next_batch, model._logs())
            return not (phase == "train" and model.stop_training)

        reached = step.program.run_batches(
            data.rows.arrays(), data.batch_size, begin, end, order, None, None if progbar is None else poll
        )
        done += reached - begin
        if reached < end:
            break
    if progbar is not None:
        progbar.advance(done)


def _run_batch_by_batch(model: Any, phase: str, data: ArrayData, callbacks: CallbackList) -> None:
    arrays = data.rows.arrays()
    at_begin = getattr(callbacks, f"on_{phase}_batch_begin")
    at_end = getattr(callbacks, f"on_{phase}_batch_end")
    done = data.done
    for order, begin, end in data.segments():
        for batch in range(begin, end):
            data.at(batch)
            at_begin(done)
            model._note_totals()
            # Asked for every time: a callback may have frozen a layer.
            step = model._step(phase, data.rows, check=False)
            step.program.run_batches(arrays, data.batch_size, batch, batch + 1, order)
            logs = model._logs()
            data.passed(batch)
            at_end(done, logs)
            done += 1
            _advance(callbacks, done, logs)
            if phase == "train" and model.stop_training:
                return


def _run_stream(model: Any, phase: str, data: StreamData, callbacks: CallbackList) -> None:
    per_batch = callbacks.wants_batches(phase)
    at_begin = getattr(callbacks, f"on_{phase}_batch_begin")
    at_end = getattr(callbacks, f"on_{phase}_batch_end")
    for number, batch in enumerate(data.epoch(), data.done):
        at_begin(number)
        if per_batch:
            model._note_totals()
        model._step(phase, batch).program.run(batch.arrays())
        if per_batch:
            logs = model._logs()
            at_end(number, logs)
            _advance(callbacks, number + 1, logs)
        elif callbacks.progbar is not None:
            callbacks.progbar.advance(number + 1, model._logs() if callbacks.progbar.due() else None)
        if phase == "train" and model.stop_training:
            return


def _predict_stream(model: Any, data: StreamData, callbacks: CallbackList) -> Any:
    results = []
    step = None
    for number, batch in enumerate(data.epoch()):
        callbacks.on_predict_batch_begin(number)
        step = model._step("predict", batch)
        results.append(step.program.run(_tree.leaves(batch.x)))
        callbacks.on_predict_batch_end(number, {"outputs": step.in_structure(results[-1])})
        _advance(callbacks, number + 1, None)
    if step is None:
        raise ValueError("predict: the data is empty.")
    return step.in_structure([np.concatenate(parts) for parts in zip(*results, strict=True)])


def _shown(progbar: ProgbarLogger) -> Callable[[int], bool]:
    def poll(done: int) -> bool:
        progbar.advance(done)
        return True

    return poll


def _advance(callbacks: CallbackList, done: int, logs: dict[str, float] | None) -> None:
    if callbacks.progbar is not None:
        callbacks.progbar.advance(done, logs)
