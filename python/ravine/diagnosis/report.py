"""Report: what `ravine.diagnose` returns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

NOT_FINITE = "not finite"
TARGETS = "targets and output do not fit"
INPUTS = "inputs not standardized"
INITIALIZER = "wrong initializer"
EXPLODING = "exploding gradients"
VANISHING = "vanishing gradients"
DEAD = "dead units"
SATURATED = "saturated activations"
RATE_HIGH = "learning rate too high"
RATE_LOW = "learning rate too low"

PROBLEMS = (
    NOT_FINITE,
    TARGETS,
    INPUTS,
    INITIALIZER,
    EXPLODING,
    VANISHING,
    DEAD,
    SATURATED,
    RATE_HIGH,
    RATE_LOW,
)


@dataclass(frozen=True)
class LayerHealth:
    """The numbers of one layer in one training step.

    Attributes:
        name: of the layer.
        kind: its class.
        activation: its activation, as far as it is known.
        shape: of its output, None for the batch.
        trainable: whether training may change its weights.
        mean, std: of all values that it puts out.
        saturated: the share of values where its activation is flat (slope below 5 % of the largest one); None for
            activations without flat ends on both sides.
        dead: the share of units that are 0 for all samples; None but for ReLU.
        gradient_norm: the length of the gradient of one sample's loss with respect to its output, root mean square
            over the samples; None where the loss does not depend on it. Where the loss goes past a last softmax or
            sigmoid, as the cross-entropies do, it is with respect to the logits.
        weight_norm: the length of its parameters, all together; None without any.
        weight_gradient_norm: the length of their gradient; None where there is none.
        update_ratio: the length of one step of the optimizer over `weight_norm`; None without an optimizer.
    """

    name: str
    kind: str
    activation: str | None
    shape: tuple
    trainable: bool
    mean: float
    std: float
    saturated: float | None = None
    dead: float | None = None
    gradient_norm: float | None = None
    weight_norm: float | None = None
    weight_gradient_norm: float | None = None
    update_ratio: float | None = None

    @property
    def relative_gradient(self) -> float | None:
        """`weight_gradient_norm` over `weight_norm`."""
        if self.weight_gradient_norm is None or not self.weight_norm:
            return None
        return self.weight_gradient_norm / self.weight_norm


@dataclass(frozen=True)
class Verdict:
    """Something that is wrong.

    Attributes:
        problem: what, in two or three words; one of `ravine.diagnosis.PROBLEMS`.
        layers: the names of the layers where it shows; empty when it concerns the whole model.
        evidence: the numbers that show it.
        fix: what to do.
    """

    problem: str
    layers: tuple[str, ...]
    evidence: str
    fix: str

    def __str__(self) -> str:
        where = f" in {listed(self.layers)}" if self.layers else ""
        return f"{self.problem}{where}\n  evidence: {self.evidence}\n  fix: {self.fix}"


@dataclass(frozen=True)
class Report:
    """The health of a model, from one training step on a sample of the data. `print` it.

    Attributes:
        model: the name of the model.
        samples: how many rows were used.
        loss: on them, in training mode, penalties included.
        learning_rate: of the next step; None without an optimizer.
        layers: in the order in which they are called.
        verdicts: what is wrong, causes before consequences.
    """

    model: str
    samples: int
    loss: float
    learning_rate: float | None
    layers: tuple[LayerHealth, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.verdicts

    @property
    def problems(self) -> tuple[str, ...]:
        """The `problem` of every verdict."""
        return tuple(verdict.problem for verdict in self.verdicts)

    def layer(self, name: str) -> LayerHealth:
        """The numbers of a layer by its name. Raises KeyError when it is not in the report."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r} in the report; it has {', '.join(layer.name for layer in self.layers)}")

    def plot(self, path: str | os.PathLike | None = None) -> Any:
        """Draw the numbers of all layers, and save the figure when there is a `path`; returns the Matplotlib figure.

        Raises:
            ImportError: Matplotlib is not installed.
        """
        from ravine.diagnosis.figure import draw

        return draw(self, path)

    def __str__(self) -> str:
        from ravine.diagnosis.table import text

        return text(self)


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Some names for a sentence: all of a few, the ends of many."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{len(names)} layers from {names[0]} to {names[-1]}"
