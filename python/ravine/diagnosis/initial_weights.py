"""Do the initial weights suit the activation?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import initializers
from ravine.diagnosis.activations import wanted_variance
from ravine.initializers.variance_scaling import compute_fans
from ravine.variable import Variable

_TRUNCATED = 0.87962566103423978  # the standard deviation of a standard normal cut off at -2 and 2
_SOURCES = {
    "he_normal": "sqrt(2 / fan_in) (He et al. 2015)",
    "lecun_normal": "sqrt(1 / fan_in) (Klambauer et al. 2017)",
    "glorot_uniform": "sqrt(1 / fan_avg) (Glorot & Bengio 2010)",
}


@dataclass(frozen=True)
class Judgement:
    """Initial weights against what the activation wants.

    Attributes:
        gain: the given standard deviation over the wanted one: the factor by which a layer scales the signal.
    """

    activation: str
    given: str
    wanted: str
    std: float
    wanted_std: float

    @property
    def gain(self) -> float:
        return self.std / self.wanted_std

    @property
    def source(self) -> str:
        return _SOURCES[self.wanted]


def judge(call: Any, activation: str | None) -> Judgement | None:
    """None when nothing can be said: another activation, an initializer of unknown spread, or weights that training has
    changed already."""
    wanted = wanted_variance(activation)
    initializer = getattr(call.layer, "kernel_initializer", None)
    if wanted is None or call.kernel is None or initializer is None:
        return None
    std = _standard_deviation(initializer, call.kernel.shape)
    if std is None or not 0.7 < float(np.std(call.kernel.array)) / std < 1.4:
        return None
    fan_in, fan_out = compute_fans(call.kernel.shape)
    name, scale, fan = wanted
    wanted_std = math.sqrt(scale / (fan_in if fan == "fan_in" else (fan_in + fan_out) / 2))
    return Judgement(str(activation), type(initializer).__name__, name, std, wanted_std)


def units_are_equal(kernel: Variable) -> bool:
    """Whether all units begin with the same weights."""
    columns = kernel.array.reshape(-1, kernel.shape[-1])
    return columns.shape[1] > 1 and bool((columns == columns[:, :1]).all())


def _standard_deviation(initializer: Any, shape: tuple[int, ...]) -> float | None:
    """What the initializer aims at; None for one that is not known here."""
    if isinstance(initializer, initializers.VarianceScaling):
        fan_in, fan_out = compute_fans(shape, initializer.input_axes, initializer.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[initializer.mode]
        return math.sqrt(initializer.scale / max(1.0, fan))
    if isinstance(initializer, initializers.RandomNormal):
        return float(initializer.stddev) or None
    if isinstance(initializer, initializers.TruncatedNormal):
        return float(initializer.stddev) * _TRUNCATED or None
    if isinstance(initializer, initializers.RandomUniform):
        return float(initializer.maxval - initializer.minval) / math.sqrt(12) or None
    return None
