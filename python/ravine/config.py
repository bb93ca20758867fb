"""`keras.config`: settings of the process, under Keras' names."""

from __future__ import annotations

import warnings
from typing import Any

from ravine import dtype_policies
from ravine._config import enable_unsafe_deserialization
from ravine.dtype_policies import DTypePolicy
from ravine.layers import _data_format

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]

_FLOATS = ("bfloat16", "float16", "float32", "float64")

_settings: dict[str, Any] = {
    "epsilon": 1e-7,
    "flash_attention": None,
    "interactive_logging": True,
    "max_epochs": None,
    "max_steps_per_epoch": None,
    "traceback_filtering": True,
}


def backend() -> str:
    """ "ravine": there is one engine."""
    return "ravine"


def set_backend(backend: str) -> None:
    """Raises ValueError for everything but "ravine"."""
    if backend != "ravine":
        raise ValueError(f"set_backend: there is one engine, 'ravine'; received {backend!r}.")


def floatx() -> str:
    """ "float32": all numbers of the engine are."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accepted for Keras' sake: types other than "float32" warn and change nothing. Raises ValueError for others."""
    if value not in _FLOATS:
        raise ValueError(f"set_floatx: expected one of {', '.join(_FLOATS)}, received {value!r}.")
    _note_float32(value, "set_floatx")


def dtype_policy() -> DTypePolicy:
    """ "float32": what layers compute and keep their weights in."""
    return DTypePolicy("float32")


def set_dtype_policy(policy: Any) -> None:
    """Accepted for Keras' sake: policies other than "float32" warn and change nothing. ValueError for what is none."""
    _note_float32(dtype_policies.get(policy).name, "set_dtype_policy")


def _note_float32(value: str, where: str) -> None:
    if value != "float32":
        warnings.warn(f"{where}: everything is computed in float32; {value!r} changes nothing.", stacklevel=3)


def epsilon() -> float:
    """A small number for functions of your own; 1e-7 unless it was set. What comes with ravine keeps the constants that
    its documentation states."""
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Set what `epsilon` returns."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Where images have their channels when a layer is not told: "channels_last" unless it was set."""
    return _data_format.default


def set_image_data_format(data_format: str) -> None:
    """Set what `image_data_format` returns: "channels_last" or "channels_first"; ValueError for others."""
    _data_format.default = _data_format.checked_data_format(str(data_format), "set_image_data_format")


def enable_interactive_logging() -> None:
    """`verbose="auto"` shows progress bars, as it does from the start."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """`verbose="auto"` writes a line per epoch."""
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether `verbose="auto"` shows progress bars."""
    return _settings["interactive_logging"]


def enable_traceback_filtering() -> None:
    """Noted only: tracebacks are short as they are."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Noted only, as `enable_traceback_filtering`."""
    _settings["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """What was noted last."""
    return _settings["traceback_filtering"]


def enable_flash_attention() -> None:
    """Noted only."""
    _settings["flash_attention"] = True


def disable_flash_attention() -> None:
    """Noted only."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """What was noted last."""
    return _settings["flash_attention"]


def is_nnx_enabled() -> bool:
    """False: that is a matter of Keras' jax backend."""
    return False


def max_epochs() -> int | None:
    """The most epochs that any `fit` runs, None without a limit: for trying out a script quickly."""
    return _settings["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Set what `max_epochs` returns."""
    _settings["max_epochs"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """The most batches that any epoch of `fit`, and any `evaluate` and `predict`, runs; None without a limit."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Set what `max_steps_per_epoch` returns."""
    _settings["max_steps_per_epoch"] = max_steps_per_epoch
