"""Models as estimators of scikit-learn: in pipelines, cross-validation and searches."""

from ravine.wrappers.sklearn_wrapper import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
