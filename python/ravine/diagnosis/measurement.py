"""What a measured training step tells: the calls of layers, what goes into the first ones and comes out of the last."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ravine.diagnosis.report import LayerHealth
from ravine.models.batch import Batch
from ravine.ops.tracing import SymbolicTensor
from ravine.variable import Variable


@dataclass(eq=False)
class Call:
    """One call of a layer in the trace."""

    layer: Any
    inputs: list[SymbolicTensor]
    output: SymbolicTensor
    activation: str | None
    kernel: Variable | None
    sources: set[int] = field(default_factory=set)  # the outputs of other rows that it computes with, by id
    stays_equal: bool = False  # all units have the same weights and the same gradient
    health: LayerHealth = field(init=False)

    @property
    def variables(self) -> list[Variable]:
        return self.layer._own_variables()

    @property
    def parameters(self) -> list[Variable]:
        return [v for v in self.variables if v.is_parameter]


@dataclass
class Output:
    """One output of the model.

    Attributes:
        layer: the name of the layer that puts it out; None when it is none.
        loss: the function it is compared with the targets `y` by; None when it has no loss.
        y: of all rows of the data, not only of those that were looked at.
        range: the smallest and the largest prediction.
    """

    layer: str | None
    activation: str | None
    shape: tuple
    loss: Any
    y: np.ndarray | None
    range: tuple[float, float]


@dataclass
class Entry:
    """What a call that weighs the inputs of the model gets.

    Attributes:
        filled: the share of values that are not 0.
    """

    call: Call
    mean: float
    std: float
    filled: float

    @property
    def size(self) -> float:
        """Root mean square."""
        return math.hypot(self.mean, self.std)


@dataclass
class Measurement:
    """What `measure` found.

    Attributes:
        data: all rows that there are.
        batch: those that were looked at.
        loss: on the batch, before any step, penalties included.
        calls: of the layers, in order.
        rate: the learning rate; None without an optimizer.
        scheduled: whether it changes from step to step.
        losses_after_one_step: the loss on the same batch after one step, by learning rate.
    """

    data: Batch
    batch: Batch
    loss: float
    calls: list[Call]
    entries: list[Entry]
    outputs: list[Output]
    rate: float | None
    scheduled: bool
    losses_after_one_step: dict[float, float]

    @property
    def layers(self) -> list[LayerHealth]:
        return [call.health for call in self.calls]

    def following(self, call: Call) -> Call | None:
        """The layer that takes the output of `call` as its input."""
        return next(iter(self.followers(call)), None)

    def followers(self, call: Call) -> list[Call]:
        """All layers that take the output of `call` as an input."""
        return [c for c in self.calls if call.output.id in c.sources]

    def activation_behind(self, call: Call) -> str | None:
        """The activation of a layer, or of the layer without weights behind it."""
        follower = self.following(call)
        if call.activation is not None or follower is None or follower.parameters:
            return call.activation
        return follower.activation
