"""Models: `Sequential`, `Model(inputs, outputs)`, the base class `Model`, how they are trained, and how they come from
files."""

from typing import TYPE_CHECKING

from ravine import _absent
from ravine.models.cloning import clone_model
from ravine.models.functional import Functional
from ravine.models.model import Model
from ravine.models.sequential import Sequential
from ravine.saving import load_model, model_from_json, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
