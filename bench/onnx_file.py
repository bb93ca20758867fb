"""Writes a dense net as an ONNX file, without the onnx package.

The field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

import math

import numpy as np

from bench.contestants import Unsupported
from bench.workloads import Dense, Workload

_FLOAT = 1  # TensorProto.DataType
_OPSET = 17


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, _FLOAT) + _bytes(8, name) + _bytes(9, array.astype("<f4").tobytes())


def _value_info(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(_bytes(1, _bytes(2, s) if isinstance(s, str) else _number(1, s)) for s in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, dims)))


def _node(op: str, inputs: list[str], output: str) -> bytes:
    return b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(4, op)


def onnx_model(workload: Workload) -> bytes:
    """The forward pass with softmax, as serialized ModelProto, with random weights."""
    random = np.random.default_rng(1)
    nodes, tensors = [], []
    current, width = "x", workload.inputs
    for index, layer in enumerate(workload.layers):
        if not isinstance(layer, Dense):
            raise Unsupported(f"no {type(layer).__name__} in the ONNX writer")
        weight, bias, product = f"w{index}", f"b{index}", f"z{index}"
        scale = np.float32(math.sqrt(2 / width))
        tensors.append(_tensor(weight, random.standard_normal((width, layer.units), np.float32) * scale))
        tensors.append(_tensor(bias, np.zeros(layer.units, np.float32)))
        nodes.append(_node("Gemm", [current, weight, bias], product))
        current, width = product, layer.units
        if layer.activation == "relu":
            current = f"y{index}"
            nodes.append(_node("Relu", [product], current))
        elif layer.activation == "silu":
            current = f"y{index}"
            nodes.append(_node("Sigmoid", [product], f"s{index}"))
            nodes.append(_node("Mul", [product, f"s{index}"], current))
        elif layer.activation is not None:
            raise Unsupported(f"no {layer.activation} in the ONNX writer")
    nodes.append(_node("Softmax", [current], "y"))
    graph = (
        b"".join(_bytes(1, node) for node in nodes)
        + _bytes(2, workload.id)
        + b"".join(_bytes(5, tensor) for tensor in tensors)
        + _bytes(11, _value_info("x", ("batch", workload.inputs)))
        + _bytes(12, _value_info("y", ("batch", width)))
    )
    opset = _bytes(1, "") + _number(2, _OPSET)
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, opset)
