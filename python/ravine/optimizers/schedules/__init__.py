"""Schedules: learning rates and momentums that depend on the number of steps made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import _absent, _config
from ravine.optimizers.schedules.compose import Chain, Warmup
from ravine.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from ravine.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    PowerDecay,
)
from ravine.optimizers.schedules.demon import Demon
from ravine.optimizers.schedules.interpolation import Interpolation, OneCycle
from ravine.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "Chain",
    "CosineDecay",
    "CosineDecayRestarts",
    "Demon",
    "ExponentialDecay",
    "Interpolation",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "PowerDecay",
    "Warmup",
    "deserialize",
    "serialize",
]

_config.export(
    "keras.optimizers.schedules",
    LearningRateSchedule,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
_config.export("ravine.optimizers.schedules", Chain, Demon, Interpolation, OneCycle, PowerDecay, Warmup)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict:
    """The configuration of a schedule, in Keras' form."""
    return _config.serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict | None = None) -> LearningRateSchedule:
    """A schedule from its configuration."""
    return _config.deserialize_keras_object(
        config, custom_objects, kind="schedule", module="keras.optimizers.schedules"
    )


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
