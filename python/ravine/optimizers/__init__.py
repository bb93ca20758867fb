"""The optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import _absent, _config, _lookup
from ravine._registry import Registry
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

_registry = Registry(
    "optimizer",
    "keras.optimizers",
    classes=(
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
    ),
    any_case=True,
)
_config.export("keras.optimizers", Optimizer, OptimizerMap)
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any) -> Any:
    """An optimizer from a name in any case, a configuration, a class or an instance; None for None.

    Raises ValueError for an unknown name and for what is not an optimizer.
    """
    found = identifier if isinstance(identifier, Optimizer) else _registry.get(identifier)
    if found is None or isinstance(found, Optimizer):
        return found
    raise _lookup.not_an_identifier(identifier, "optimizer")


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
