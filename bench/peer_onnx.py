"""onnxruntime's CPU provider, all graph optimizations on: prediction only."""

from __future__ import annotations

from functools import partial

import onnxruntime

from bench.contestants import Unsupported
from bench.onnx_file import onnx_model
from bench.runner import Steps, split
from bench.workloads import Workload


def make(name: str, workload: Workload, threads: int) -> Steps:
    if not workload.predict:
        raise Unsupported("prediction only")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(onnx_model(workload), options, providers=["CPUExecutionProvider"])
    feeds = [({"x": batch},) for batch in split(workload.data()[0], workload.batch)]
    return Steps(partial(session.run, None), feeds)
