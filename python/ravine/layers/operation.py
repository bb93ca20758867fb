"""Operation: an op of the engine as a layer."""

from __future__ import annotations

from typing import Any

from ravine import _config
from ravine._names import auto_name
from ravine.layers.layer import Layer
from ravine.ops.tracing import apply


class Operation(Layer):
    """What `ravine.ops` and arithmetic make of KerasTensors: one op of the engine, called like a layer.

    Args:
        op: the engine's name of it.
        attrs: its attributes.
        result: the tag of its result: ``float32``, ``int32`` or ``bool``.
    """

    def __init__(self, op: str, attrs: dict | None = None, result: str = "float32", name: str | None = None):
        super().__init__(name=name or auto_name(op))
        self.op = op
        self.attrs = dict(attrs or {})
        self.result = result

    def call(self, *operands: Any) -> Any:
        return apply(self.op, operands, self.attrs, self.result)

    def get_config(self) -> dict:
        return {"op": self.op, "attrs": self.attrs, "result": self.result, "name": self.name}


_config.export("ravine.layers", Operation)
