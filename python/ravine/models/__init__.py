"""Models: `Sequential`, the base class `Model`, and how they are trained."""

from ravine.models.model import Model
from ravine.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
