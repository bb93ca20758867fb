"""Files that models are written to."""

from ravine.saving.native import export_model

__all__ = ["export_model"]
