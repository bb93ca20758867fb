"""Models: `Sequential`, the base class `Model`, how they are trained, and how they come from files."""

from ravine.models.model import Model
from ravine.models.sequential import Sequential
from ravine.saving import load_model, model_from_json, save_model

__all__ = ["Model", "Sequential", "load_model", "model_from_json", "save_model"]
