"""Initial values of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ravine import _absent, _config
from ravine._registry import Registry
from ravine.initializers.constant import Constant, Identity, Ones, Zeros
from ravine.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from ravine.initializers.initializer import Initializer, RandomInitializer
from ravine.initializers.orthogonal import Orthogonal
from ravine.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

zeros = Zeros
ones = Ones
constant = Constant
identity = IdentityInitializer = Identity
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform

_registry = Registry(
    "initializer",
    "keras.initializers",
    classes=(
        Constant,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        Identity,
        LecunNormal,
        LecunUniform,
        Ones,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
        Zeros,
    ),
    aliases={
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
        "normal": RandomNormal,
        "uniform": RandomUniform,
        "zero": Zeros,
        "one": Ones,
    },
)
_config.export("keras.initializers", IdentityInitializer=Identity, OrthogonalInitializer=Orthogonal)
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any, input_axes: Any = None, output_axes: Any = None) -> Any:
    """An initializer from a name, a configuration, a class, an instance, a callable or an array; None stays None.

    Args:
        input_axes, output_axes: for layers whose weight does not end in an axis of inputs and one of outputs: which
            axes count its inputs and its outputs. They hold for a `VarianceScaling` that was not given any.
    """
    if isinstance(identifier, np.ndarray):
        return Constant(identifier)
    found = _registry.get(identifier)
    if isinstance(found, VarianceScaling) and found.input_axes is None and found.output_axes is None:
        return found.along(input_axes, output_axes)
    return found


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
