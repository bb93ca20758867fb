"""Models as estimators of scikit-learn: in pipelines, cross-validation and searches."""

from typing import TYPE_CHECKING

from ravine import _absent
from ravine.wrappers.sklearn_wrapper import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

if not TYPE_CHECKING:  # for which any name would exist
    __getattr__, __dir__ = _absent.hooks(__name__, __all__)
