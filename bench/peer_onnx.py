"""onnxruntime's CPU provider, all graph optimizations on: prediction only."""

from __future__ import annotations

import onnxruntime

from bench.contestants import Unsupported
from bench.onnx_file import onnx_model
from bench.workloads import Workload


class _Predict:
    granule = 1

    def __init__(self, workload: Workload, threads: int) -> None:
        x, _ = workload.data()
        self._data = [x[first : first + workload.batch] for first in range(0, len(x), workload.batch)]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(onnx_model(workload), options, providers=providers)

    def loss(self, steps: int) -> float:
        self.run(steps)
        return float("nan")

    def run(self, steps: int) -> None:
        run, data = self._session.run, self._data
        for step in range(steps):
            run(None, {"x": data[step % len(data)]})


def make(name: str, workload: Workload, threads: int) -> _Predict:
    if not workload.predict:
        raise Unsupported("prediction only")
    return _Predict(workload, threads)
