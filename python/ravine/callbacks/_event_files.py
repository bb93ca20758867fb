"""TensorBoard's event files, written with the `tensorboard` package alone."""

from __future__ import annotations

import itertools
import os
import platform
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

BUCKETS = 30

_numbers = itertools.count()


def require_tensorboard() -> None:
    """Raises ImportError, with the way out, where the `tensorboard` package is missing."""
    try:
        from tensorboard.summary.writer import record_writer  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'TensorBoard: the `tensorboard` package is missing. Install it with pip install "ravine[tensorboard]" '
            "(TensorFlow is not needed)."
        ) from error


class EventFile:
    """One run: a folder with an event file, as TensorFlow 2 writes it."""

    def __init__(self, folder: str) -> None:
        # Not the package's EventFileWriter: it imports TensorFlow where there is one, which takes seconds.
        from tensorboard.summary.writer.record_writer import RecordWriter

        os.makedirs(folder, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{platform.node()}.{os.getpid()}.{next(_numbers)}"
        self._file = open(os.path.join(folder, name), "wb")  # noqa: SIM115
        self._writer = RecordWriter(self._file)
        self._add(file_version="brain.Event:2")

    def scalar(self, tag: str, value: float, step: int) -> None:
        from tensorboard.compat.proto import summary_pb2
        from tensorboard.plugins.scalar import metadata

        self._tensor(
            tag, np.float32(value), step, metadata.create_summary_metadata("", ""), summary_pb2.DATA_CLASS_SCALAR
        )

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """The distribution of the finite ones among `values`."""
        from tensorboard.compat.proto import summary_pb2
        from tensorboard.plugins.histogram import metadata

        description = metadata.create_summary_metadata("", "")
        self._tensor(tag, histogram(values), step, description, summary_pb2.DATA_CLASS_TENSOR)

    def model_config(self, tag: str, json: str) -> None:
        """The configuration of a model, which TensorBoard shows as its conceptual graph."""
        from tensorboard.compat.proto import summary_pb2

        data = summary_pb2.SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
        metadata = summary_pb2.SummaryMetadata(plugin_data=data)
        self._tensor(tag, np.array(json.encode(), dtype=object), 0, metadata, summary_pb2.DATA_CLASS_BLOB_SEQUENCE)

    def graph(self, nodes: Iterable[tuple[str, str, list[str], Any]]) -> None:
        """A graph of nodes (name, op, names of inputs, shape of the output with None for the batch)."""
        from tensorboard.compat.proto import graph_pb2, tensor_shape_pb2, types_pb2, versions_pb2
        from tensorboard.compat.proto.attr_value_pb2 import AttrValue

        graph = graph_pb2.GraphDef(versions=versions_pb2.VersionDef(producer=22))
        for name, op, inputs, shape in nodes:
            node = graph.node.add(name=name, op=op, input=inputs)
            sizes = [tensor_shape_pb2.TensorShapeProto.Dim(size=-1 if size is None else size) for size in shape]
            shapes = AttrValue.ListValue(shape=[tensor_shape_pb2.TensorShapeProto(dim=sizes)])
            node.attr["_output_shapes"].CopyFrom(AttrValue(list=shapes))
            node.attr["dtype"].CopyFrom(AttrValue(type=types_pb2.DT_FLOAT))
        self._add(graph_def=graph.SerializeToString())

    def _tensor(self, tag: str, value: Any, step: int, metadata: Any, data_class: int) -> None:
        from tensorboard.compat.proto import summary_pb2
        from tensorboard.util import tensor_util

        metadata.data_class = data_class
        summary = summary_pb2.Summary()
        summary.value.add(tag=tag, tensor=tensor_util.make_tensor_proto(value), metadata=metadata)
        self._add(summary=summary, step=step)

    def _add(self, **event: Any) -> None:
        from tensorboard.compat.proto import event_pb2

        self._writer.write(event_pb2.Event(wall_time=time.time(), **event).SerializeToString())

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def histogram(values: np.ndarray) -> np.ndarray:
    """Rows (left, right, count) of `BUCKETS` buckets of equal width, float64; no rows where no value is finite."""
    values = np.asarray(values, np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return np.zeros((0, 3))
    low, high = values.min(), values.max()
    if low == high:
        counts = np.zeros(BUCKETS)
        counts[-1] = values.size
        return np.stack([np.full(BUCKETS, low), np.full(BUCKETS, low), counts], 1)
    counts, edges = np.histogram(values, BUCKETS, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], 1)
