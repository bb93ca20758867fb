"""Lambdas as Keras writes them: marshalled byte code in base64. Loading them runs code of the file's author."""

from __future__ import annotations

import base64
import marshal
import types
from typing import Any


def dump(function: Any) -> dict:
    """Code, defaults and closure as plain data, in the general form of Keras and in that of its Lambda layer."""
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = [cell.cell_contents for cell in function.__closure__] if function.__closure__ else None
    defaults = None if function.__defaults__ is None else list(function.__defaults__)
    parts = [code, defaults, closure]
    # Keras cannot read a list of defaults beside the code, but takes all three in its place.
    return {"value": parts, "code": parts, "defaults": None, "closure": None}


def load(config: dict) -> Any:
    """The function of a ``__lambda__`` configuration, in the general form or in that of the Lambda layer.

    It sees the public names of ravine, the package as `keras`, and NumPy as `np`.

    Raises:
        ValueError: the byte code was written by another version of Python.
    """
    parts = config["value"] if "value" in config else config["code"]
    if isinstance(parts, str):
        parts = [parts, config.get("defaults"), config.get("closure")]
    code, defaults, closure = parts
    import numpy as np

    import ravine

    names = {**{name: getattr(ravine, name) for name in ravine.__all__}, "keras": ravine, "np": np}
    try:
        compiled = marshal.loads(base64.decodebytes(code.encode("ascii")))
    except (ValueError, EOFError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the byte code of a lambda cannot be read, perhaps another Python wrote it: {error}"
        ) from None
    cells = None if not closure else tuple(types.CellType(value) for value in closure)
    return types.FunctionType(compiled, names, "<lambda>", None if defaults is None else tuple(defaults), cells)
