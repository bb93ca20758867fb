"""ravine: deep learning on the CPU. The Keras 3 API over a small, planned C++ engine.

`import ravine as keras` and write Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import (
    _absent,
    _core,
    activations,
    backend,
    callbacks,
    config,
    constraints,
    dtype_policies,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
    saving,
    utils,
)
from ravine.dtype_policies import DTypePolicy
from ravine.initializers import Initializer
from ravine.layers import Input, InputSpec, Layer
from ravine.losses import Loss
from ravine.metrics import Metric
from ravine.models import Model, Sequential
from ravine.optimizers import Optimizer
from ravine.regularizers import Regularizer
from ravine.tensor import KerasTensor, Tensor
from ravine.utils.device import device
from ravine.variable import Variable, name_scope

if TYPE_CHECKING:
    from ravine import (
        datasets,
        diagnosis,
        mixed_precision,
        plots,
        preprocessing,
        tree,
        tuning,
        wrappers,
    )
    from ravine.diagnosis import diagnose
    from ravine.tuning import find_learning_rate, layerwise_rates, mc_predict

__version__ = _core.__version__

__all__ = [
    "DTypePolicy",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "device",
    "diagnose",
    "diagnosis",
    "dtype_policies",
    "find_learning_rate",
    "initializers",
    "layers",
    "layerwise_rates",
    "losses",
    "mc_predict",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "plots",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tree",
    "tuning",
    "utils",
    "version",
    "wrappers",
]


def version() -> str:
    """The version of ravine."""
    return __version__


# What most programs do not need comes when it is first asked for.
_LAZY = {
    "datasets": None,
    "diagnose": "diagnosis",
    "diagnosis": None,
    "find_learning_rate": "tuning",
    "layerwise_rates": "tuning",
    "mc_predict": "tuning",
    "mixed_precision": None,
    "plots": None,
    "preprocessing": None,
    "tree": None,
    "tuning": None,
    "wrappers": None,
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        import importlib

        module = importlib.import_module(f"ravine.{_LAZY[name] or name}")
        return module if _LAZY[name] is None else getattr(module, name)
    raise _absent.error(__name__, name, __all__)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
