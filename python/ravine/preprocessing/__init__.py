"""`keras.preprocessing`: where older scripts look for `pad_sequences`."""

from typing import TYPE_CHECKING

from ravine import _absent
from ravine.preprocessing import sequence

__all__ = ["sequence"]

if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
