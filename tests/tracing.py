"""Running a function through a trace, for tests."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ravine.ops import Trace


def run_traced(function: Callable, *arrays: Any, batched: bool = True) -> Any:
    """`function` of arrays, traced into a program and run; the first dimension is the batch when `batched`."""
    arrays = tuple(np.asarray(x) for x in arrays)
    trace = Trace()
    with trace:
        inputs = []
        for i, x in enumerate(arrays):
            shape = (None, *x.shape[1:]) if batched and x.ndim else x.shape
            inputs.append(trace.input(f"x{i}", shape, "bool" if x.dtype == bool else "float32"))
        result = function(*inputs)
        outputs = [trace.tensor(x) for x in (result if isinstance(result, (tuple, list)) else [result])]
        outputs = [trace.apply("copy", [x]) if x.producer() is None else x for x in outputs]
    values = trace.program(inputs, outputs).run([x.astype(np.float32) for x in arrays])
    return values if isinstance(result, (tuple, list)) else values[0]


def gradient_of(function: Callable, x: np.ndarray) -> np.ndarray:
    """The gradient of ``sum(function(x))`` with respect to x, by the engine."""
    from ravine import ops

    trace = Trace()
    with trace:
        inputs = trace.input("x", x.shape)
        [gradient] = trace.gradients(ops.sum(function(inputs)), [inputs])
    return trace.program([inputs], [gradient]).run([x])[0]
