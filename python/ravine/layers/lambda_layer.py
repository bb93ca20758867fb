"""Lambda: any function as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from ravine import _config, _tree
from ravine.layers import _call
from ravine.layers.layer import Layer


class Lambda(Layer):
    """`function` of the inputs, written with `ravine.ops`, as a layer without weights.

    Args:
        function: called as ``function(inputs, **arguments)``, with `mask` and `training` too if it takes them.
        output_shape: the shape of one sample's output, or a function from input shape to output shape; by default the
            function is traced to find it.
        mask: the output's mask, or a function ``(inputs, mask)`` that computes it.
        arguments: a dictionary of further arguments.

    A file holds the name of a function. To load it again, register the function with
    ``keras.saving.register_keras_serializable`` or pass it in `custom_objects`. A ``lambda`` has no name: its byte code
    is saved, with a warning, and run only when the file is loaded with ``safe_mode=False``.

    Raises:
        TypeError: when `function` cannot be called.
    """

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: dict | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self._label}: expected `function` to be callable, received {function!r}.")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        taken = inspect.signature(function).parameters
        self._passes = [name for name in ("mask", "training") if name in taken]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        context = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: context[name] for name in self._passes})

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch = _tree.leaves(input_shape)[0]
        return _call.map_shapes(lambda shape: (batch, *shape), self._output_shape)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict:
        """The configuration, with the functions themselves in it, so that clones need no names for them."""
        config = {**super().get_config(), "function": self.function, "arguments": self.arguments}
        for key, value in (("output_shape", self._output_shape), ("mask", self.mask)):
            if value is not None:
                config[key] = value
        return config

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Lambda:
        """The layer of a configuration. Raises ValueError for functions that are not known by name, and, unless
        ``safe_mode=False`` was said, for code in a file."""
        functions = {
            key: _config.deserialize_keras_object(config[key], custom_objects, kind="function")
            for key in ("function", "output_shape", "mask", "arguments")
            if key in config
        }
        if isinstance(functions.get("output_shape"), list):
            functions["output_shape"] = tuple(functions["output_shape"])
        return cls(**{**config, **functions})
