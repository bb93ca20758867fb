"""The optimizers."""

from __future__ import annotations

from typing import Any

from ravine import _config, _lookup
from ravine.optimizers import legacy, schedules
from ravine.optimizers.adadelta import Adadelta
from ravine.optimizers.adafactor import Adafactor
from ravine.optimizers.adagrad import Adagrad
from ravine.optimizers.adam import Adam, AdamW
from ravine.optimizers.adamax import Adamax
from ravine.optimizers.ftrl import Ftrl
from ravine.optimizers.lamb import Lamb
from ravine.optimizers.lion import Lion
from ravine.optimizers.loss_scale_optimizer import LossScaleOptimizer
from ravine.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from ravine.optimizers.muon import Muon
from ravine.optimizers.nadam import Nadam
from ravine.optimizers.optimizer import Optimizer
from ravine.optimizers.rmsprop import RMSprop
from ravine.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from ravine.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "legacy",
    "schedules",
    "serialize",
]

_classes = (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdamW,
    Adamax,
    Ftrl,
    Lamb,
    Lion,
    LossScaleOptimizer,
    MultiOptimizer,
    Muon,
    Nadam,
    RMSprop,
    SGD,
    ScheduleFreeAdamW,
)
_config.export("keras.optimizers", Optimizer, OptimizerMap, *_classes)
_named = {cls.__name__.lower(): cls for cls in _classes}


def get(identifier: Any) -> Any:
    """An optimizer from a name in any case, a configuration, a class or an instance; None for None.

    Raises ValueError for an unknown name and for what is not an optimizer.
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        custom = _config.get_registered_object(identifier)
        return custom() if custom is not None else _lookup.find(identifier.lower(), _named, "optimizer")()
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]
    raise _lookup.not_an_identifier(identifier, "optimizer")


def serialize(optimizer: Optimizer) -> dict:
    """The configuration of an optimizer, in Keras' form."""
    return _config.serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: dict | None = None) -> Optimizer:
    """An optimizer from its configuration; the names of ravine's own may be written in any case."""
    if config.get("class_name", "").lower() in _named:
        config = {**config, "class_name": _named[config["class_name"].lower()].__name__}
    return _config.deserialize_keras_object(config, custom_objects, kind="optimizer", module="keras.optimizers")
