"""Files that models are written to."""

from ravine._core import NativeModel
from ravine.saving.native import export_model

__all__ = ["NativeModel", "export_model"]
