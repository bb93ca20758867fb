"""Operation: an op of the engine as a layer. KerasOperation: a function of `ravine.ops` as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from ravine import _config, ops
from ravine._names import auto_name, to_snake_case
from ravine.layers.layer import Layer
from ravine.ops._graph_functions import function_of
from ravine.ops.tracing import apply

_NUMBERS = (bool, int, float)


class Operation(Layer):
    """One op of the engine, called like a layer: what becomes of KerasTensors in functions that are no operations of
    Keras.

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

    @property
    def kind(self) -> str:
        """What summaries and figures call it, as a class is called."""
        return self.op.title().replace("_", "")

    def get_config(self) -> dict:
        return {"op": self.op, "attrs": self.attrs, "result": self.result, "name": self.name}


class KerasOperation(Operation):
    """A function of `ravine.ops` or arithmetic in a graph, called like a layer; in files an operation of Keras.

    Args:
        class_name: Keras' class, which is named after the function.
        module: the module that Keras says it is from.
        arguments: those of the function that the call does not bring.

    Raises:
        ValueError: there is no such function.
    """

    def __init__(self, class_name: str, module: str, arguments: dict | None = None, name: str | None = None):
        function = function_of(module, class_name)
        if function not in ops.__all__:
            raise ValueError(f"keras.ops.{to_snake_case(class_name)} is not in ravine.ops.")
        super().__init__(function, arguments, name=name or auto_name(class_name))
        self.class_name = class_name
        self.module = module

    @property
    def kind(self) -> str:
        return self.class_name

    @classmethod
    def from_entry(cls, entry: dict) -> KerasOperation | None:
        """The operation that a layer's entry in the configuration of a graph stands for; None when it is a layer."""
        module, class_name = entry.get("module"), entry.get("class_name")
        if not isinstance(module, str) or not isinstance(class_name, str) or function_of(module, class_name) is None:
            return None
        arguments = {key: _config.deserialize_keras_object(value) for key, value in entry["config"].items()}
        return cls(class_name, module, arguments, arguments.pop("name", None))

    def entry(self) -> dict:
        """What `from_entry` takes."""
        return {
            "module": self.module,
            "class_name": self.class_name,
            "config": {"name": self.name, **_config.serialize_keras_object(self.attrs)},
            "registered_name": self.class_name,
        }

    def __call__(self, *operands: Any, **arguments: Any) -> Any:
        # Numbers given by keyword stay numbers, where positional ones become tensors.
        names = [name for name in inspect.signature(getattr(ops, self.op)).parameters if name not in self.attrs]
        given = list(operands)
        while 1 < len(given) <= len(names) and (self.op == "get_item" or isinstance(given[-1], _NUMBERS)):
            last = given.pop()
            arguments[names[len(given)]] = last
        if isinstance(arguments.get("key"), list):  # JSON has no tuples
            arguments["key"] = tuple(arguments["key"])
        return super().__call__(*given, **arguments)

    def call(self, *operands: Any, **arguments: Any) -> Any:
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
