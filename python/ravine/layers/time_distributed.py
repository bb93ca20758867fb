"""TimeDistributed."""

from __future__ import annotations

from typing import Any

from ravine import ops
from ravine.layers import _call
from ravine.layers.wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Applies one layer to each time step: (batch, time, ...) -> (batch, time, ...). The steps are unrolled in the
    program, so the number of them must be fixed.

    Raises ValueError for an input of rank below 3, for a free number of steps, and for a mask that does not fit.
    """

    def __init__(self, layer: Any, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, shape: Any) -> tuple:
        if not isinstance(shape, (tuple, list)) or len(shape) < 3 or shape[1] is None:
            raise ValueError(
                f"{self._label}: expected input of rank 3 or more with a fixed number of time steps, "
                f"received shape {shape}."
            )
        return (shape[0], *shape[2:])

    def build(self, input_shape: Any) -> None:
        super().build(self._step_shape(input_shape))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        self._step_shape(inputs.shape)
        if mask is not None and (len(mask.shape) < 2 or mask.shape[1] != inputs.shape[1]):
            raise ValueError(
                f"{self._label}: expected a mask of shape (batch, time) for inputs of shape {inputs.shape}, "
                f"received shape {tuple(mask.shape)}."
            )
        takes = _call.signature_of(type(self.layer).call).parameters.parameters
        steps = []
        for t in range(inputs.shape[1]):
            context = {"training": training, "mask": None if mask is None else mask[:, t]}
            steps.append(self.layer(inputs[:, t], **{k: x for k, x in context.items() if k in takes and x is not None}))
        return ops.stack(steps, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        batch, *sizes = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (batch, input_shape[1], *sizes)
