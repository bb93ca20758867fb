"""Models: `Sequential`, `Model(inputs, outputs)`, the base class `Model`, and how they are trained."""

from ravine.models.cloning import clone_model
from ravine.models.functional import Functional
from ravine.models.model import Model
from ravine.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model"]
