"""Where computations run."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext


def device(device_name: str) -> AbstractContextManager[None]:
    """A context in which computations run on a device: the CPU, ``"cpu"``, ``"cpu:0"`` or ``"/device:CPU:0"``, as they
    do without it. Raises ValueError for any other."""
    if not isinstance(device_name, str) or not re.fullmatch(r"/?(device:)?cpu(:0)?", device_name.lower()):
        raise ValueError(f"device: there is one device, 'cpu'; received {device_name!r}.")
    return nullcontext()
