"""Model: a layer that can be trained."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ravine import _config
from ravine._lookup import close_matches
from ravine.layers import _call
from ravine.layers.input_layer import InputLayer
from ravine.layers.layer import Layer
from ravine.models.saving_methods import SavingMethods
from ravine.models.summary import print_summary
from ravine.ops import trace as tracing
from ravine.tensor import as_tensor


class Model(SavingMethods):
    """Base of all models. Subclass it, make layers in `__init__` and use them in `call(self, inputs, training=None)`,
    or stack layers with `Sequential`.

    `call` is traced: it describes the computation with layers and `ravine.ops`, and the engine runs it.
    """

    def __init__(self, *args: Any, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        if args or "inputs" in kwargs or "outputs" in kwargs:
            raise NotImplementedError(
                "Model(inputs, outputs) is not available in this version. Use Sequential, or subclass Model and "
                "write call()."
            )
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._init_trainer()

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside of this model, in order."""
        return [layer for layer in self._sublayers() if not isinstance(layer, InputLayer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its position.

        Raises:
            ValueError: neither or both are given, or there is no such layer.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: pass either name or index.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self._label}: no layer at index {index}; it has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self._label}: no layer {name!r}. {close_matches(str(name), [x.name for x in layers])}")

    def _output_shapes(self) -> list[tuple | None]:
        """The shapes of what `layers` put out, as far as they are known."""
        return [None] * len(self.layers)

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: list[str] | tuple[str, str] | None = None,
    ) -> None:
        """Print a table of the layers: name and type, output shape, number of parameters, and the totals.

        Layers that are not built yet show "?". `print_fn` is called once with the whole text.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of this shape, `(None, ...)`, by tracing `call` once.

        Raises:
            ValueError: no shape is given.
        """
        if input_shape is None:
            raise ValueError(f"{self._label}: build() needs the shape of the input, such as build((None, 784)).")
        self.__dict__["built"] = True  # so that the call below does not build again
        try:
            with tracing.Trace() as trace:
                x = _call.map_shapes(lambda shape: trace.input("x", (None, *shape[1:])), input_shape)
                self._call_traced(trace, (x,), self._with_mode((), {"training": False})[1], False)
        except BaseException:
            self.__dict__["built"] = False
            raise

    def export(self, path: str | os.PathLike, target_shape: tuple[int, ...] | None = None) -> None:
        """Write the model, and when it is compiled its training step, to a file for C++ programs; see
        `ravine.saving.export_model`."""
        from ravine.saving import export_model

        export_model(self, path, target_shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) is np.ndarray and not (kwargs and kwargs != {"training": False}):
            quick = self._quick_program(args[0])
            if quick is not None and tracing.current() is None and not _call.outer_training():
                return as_tensor(quick([args[0]])[0])
        return super().__call__(*args, **kwargs)

    def __getstate__(self) -> dict:
        return self._without_programs(super().__getstate__())


_config.export("keras", Model)
