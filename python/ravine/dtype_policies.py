"""`keras.dtype_policies`: what layers are asked to compute in. All layers compute in float32, whatever they are asked;
a policy says what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ravine import _absent
from ravine.tensor import standardize_dtype

__all__ = ["DTypePolicy", "deserialize", "get", "serialize"]


class DTypePolicy:
    """A policy by name: ``mixed_float16``, ``mixed_bfloat16`` or a dtype.

    Attributes:
        name: as it was given; `compute_dtype` and `variable_dtype` are what it stands for.
        quantization_mode: None.

    Raises:
        TypeError: the name is not a string.
        ValueError: it is none of these.
    """

    quantization_mode = None

    def __init__(self, name: str):
        if not isinstance(name, str):
            raise TypeError(f"DTypePolicy: expected a name such as 'float32', received {name!r}.")
        mixed = name in ("mixed_float16", "mixed_bfloat16")
        try:
            self.compute_dtype = name.removeprefix("mixed_") if mixed else standardize_dtype(name)
        except ValueError:
            raise ValueError(
                f"DTypePolicy: expected 'mixed_float16', 'mixed_bfloat16' or a dtype such as 'float32', received "
                f"{name!r}."
            ) from None
        self.name = name
        self.variable_dtype = "float32" if mixed else self.compute_dtype

    def get_config(self) -> dict:
        """The name."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> DTypePolicy:
        """The policy of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'

    def __eq__(self, other: Any) -> bool:
        return self.name == getattr(other, "name", other)

    def __hash__(self) -> int:
        return hash(self.name)


def get(identifier: Any) -> DTypePolicy:
    """The policy that is meant: by name, dtype, configuration, or as it is; None is float32."""
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    return DTypePolicy(getattr(identifier, "name", None) or standardize_dtype(identifier))


def serialize(dtype_policy: DTypePolicy) -> dict:
    """The policy as plain data."""
    config = dtype_policy.get_config()
    return {"module": "keras", "class_name": "DTypePolicy", "config": config, "registered_name": None}


def deserialize(config: dict, custom_objects: dict | None = None) -> DTypePolicy:
    """The policy of what `serialize` gave. Raises ValueError for other kinds of policies."""
    kind = config.get("class_name", "DTypePolicy")
    if kind not in ("DTypePolicy", "FloatDTypePolicy", "Policy"):
        raise ValueError(f"dtype policies of class {kind!r} are not supported.")
    return DTypePolicy.from_config(config["config"])


if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
