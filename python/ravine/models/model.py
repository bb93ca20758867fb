"""Model: a layer that can be trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ravine._lookup import close_matches
from ravine.layers.layer import Layer
from ravine.models.summary import print_summary
from ravine.models.trainer import Trainer
from ravine.ops.trace import Trace


class Model(Trainer, Layer):
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
        return [layer for layer in self._layers if not _is_input(layer)]

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
                raise ValueError(f"{self._where}: no layer at index {index}; it has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"{self._where}: no layer {name!r}. {close_matches(name, [layer.name for layer in layers])}")

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
        """Create the weights for inputs of this shape, `(None, ...)`, by tracing `call` once."""
        if self.built or input_shape is None:
            return
        with Trace() as trace:
            self(trace.input("x", (None, *tuple(input_shape)[1:])), training=False)
        self.built = True

    def _build_for(self, x: np.ndarray) -> None:
        self.build((None, *x.shape[1:]))
        if not self.built:
            raise ValueError(f"{self._where}: build() left the model unbuilt for input of shape {x.shape}.")


def _is_input(layer: Layer) -> bool:
    return type(layer).__name__ == "InputLayer"
