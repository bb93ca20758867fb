"""Operation: an op of the engine as a layer. KerasOperation: a function of `ravine.ops` as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from ravine import _config
from ravine._names import auto_name, to_snake_case
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


class KerasOperation(Operation):
    """What files of Keras hold for `keras.ops` and arithmetic of KerasTensors: a function of `ravine.ops`, called like
    a layer.

    Args:
        class_name: Keras' class, which is named after the function.
        module: the module that Keras says it is from.
        arguments: those of the function that the call does not bring.

    Raises:
        ValueError: there is no such function.
    """

    def __init__(self, class_name: str, module: str, arguments: dict | None = None, name: str | None = None):
        from ravine import ops

        function = to_snake_case(class_name)
        if function not in ops.__all__:
            raise ValueError(f"keras.ops.{function} is not in ravine.ops.")
        super().__init__(function, arguments, name=name)
        self.class_name = class_name
        self.module = module

    @classmethod
    def from_entry(cls, entry: dict) -> KerasOperation | None:
        """The operation that a layer's entry in the configuration of a graph stands for; None when it is a layer."""
        module = entry.get("module")
        if not isinstance(module, str) or not module.startswith("keras.src.ops."):
            return None
        arguments = {key: _config.deserialize_keras_object(value) for key, value in entry["config"].items()}
        return cls(entry["class_name"], module, arguments, arguments.pop("name", None))

    def entry(self) -> dict:
        """What `from_entry` takes."""
        return {
            "module": self.module,
            "class_name": self.class_name,
            "config": {"name": self.name, **_config.serialize_keras_object(self.attrs)},
            "registered_name": self.class_name,
        }

    def __call__(self, *operands: Any, **arguments: Any) -> Any:
        if self.op == "get_item":
            if len(operands) == 2:  # the numbers of a keyword stay numbers, where those of an operand become tensors
                x, arguments["key"] = operands
                operands = (x,)
            if isinstance(arguments.get("key"), list):  # JSON has no tuples
                arguments["key"] = tuple(arguments["key"])
        return super().__call__(*operands, **arguments)

    def call(self, *operands: Any, **arguments: Any) -> Any:
        from ravine import ops

        function = getattr(ops, self.op)
        # A function may take what the configuration holds before the operands, as einsum does.
        held, given, ordered = {**self.attrs, **arguments}, list(operands), []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                ordered += given
                break
            if parameter.name in held:
                ordered.append(held.pop(parameter.name))
            elif given:
                ordered.append(given.pop(0))
            else:
                break
        return function(*ordered, **held)

    def get_config(self) -> dict:
        return {"class_name": self.class_name, "module": self.module, "arguments": self.attrs, "name": self.name}


_config.export("ravine.layers", Operation, KerasOperation)
