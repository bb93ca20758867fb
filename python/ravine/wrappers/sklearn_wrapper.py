"""The estimators: what scikit-learn asks of one, in terms of `fit` and `predict` of a model."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ravine.models import Model, clone_model

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin  # type: ignore[import-untyped]
    from sklearn.utils.multiclass import type_of_target  # type: ignore[import-untyped]
    from sklearn.utils.validation import check_is_fitted  # type: ignore[import-untyped]
except ImportError as error:
    raise ImportError(
        'ravine.wrappers: scikit-learn is missing. Install it with pip install "ravine[data]".'
    ) from error


class _Estimator(BaseEstimator):
    """A model as an estimator of scikit-learn.

    Args:
        model: a compiled Model, which is cloned for every `fit`, with weights drawn anew; or a function
            `(X, y, **model_kwargs)` that returns a compiled Model.
        warm_start: a further `fit` goes on training the model of the last one. (Keras takes the argument but begins
            anew.)
        model_kwargs: arguments for the function.
        fit_kwargs: arguments for the model's `fit`, such as `{"epochs": 20, "verbose": 0}`.

    Attributes:
        model_: the model that was trained last.
        history_: the History of its training.
        n_features_in_: the number of columns of X.

    Raises:
        RuntimeError: a model without optimizer and loss.
        ValueError: data that does not fit, in scikit-learn's words.
    """

    model_: Any
    history_: Any

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_clone__(self) -> Any:
        model = copy.deepcopy(self.model) if isinstance(self.model, Model) else self.model
        return type(self)(model, self.warm_start, copy.deepcopy(self.model_kwargs), copy.deepcopy(self.fit_kwargs))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    @property
    def epoch_(self) -> int:
        """The number of epochs of the last training."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train a model. `kwargs` go to its `fit` and override `fit_kwargs`."""
        X, y = _validated(self, X, y, multi_output=True, y_numeric=isinstance(self, RegressorMixin), allow_nd=True)
        self._y_ndim = y.ndim
        targets = self._encode(y)
        model = self.model_ if self.warm_start and hasattr(self, "model_") else self._new_model(X, targets)
        if not model.compiled or model.get_compile_config().get("loss") is None:
            raise RuntimeError(f"{type(self).__name__}: the model must be compiled with an optimizer and a loss.")
        self.history_ = model.fit(X, self._as_wanted(targets, model), **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def _new_model(self, X: np.ndarray, targets: np.ndarray) -> Any:
        if not isinstance(self.model, Model):
            return self.model(X=X, y=targets, **(self.model_kwargs or {}))
        model = clone_model(self.model)
        if self.model.compiled:
            arguments = dict(self.model._compile_arguments)
            optimizer = self.model.optimizer  # a new one, without the slots of other variables
            arguments["optimizer"] = type(optimizer).from_config(optimizer.get_config())
            model.compile(**{name: x if callable(x) else copy.deepcopy(x) for name, x in arguments.items()})
        return model

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """The targets as functions that make models get them."""
        if type_of_target(y) == "unknown":
            raise ValueError(f"Unknown label type: {y!r}")
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _as_wanted(self, targets: np.ndarray, model: Any) -> np.ndarray:
        """The targets as the loss of `model` takes them."""
        return targets

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        X = _validated(self, X, reset=False, allow_nd=True)
        return self.model_.predict(X, verbose=0)


class SKLearnClassifier(ClassifierMixin, _Estimator):
    __doc__ = f"""{_Estimator.__doc__}
    The labels, of any type, become one-hot rows (also for the function that makes a model), so the last layer has a
    unit per class and the loss is a categorical one. With a sparse loss they become class indices instead, and with a
    single unit 0 and 1.

    Attribute `classes_`: the labels, sorted.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # of a small model on scikit-learn's small data, after an epoch
        return tags

    def _encode(self, y: np.ndarray) -> np.ndarray:
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(f"Unknown label type: {kind}. Only binary and multiclass target types are supported.")
        self.classes_, indices = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return np.eye(len(self.classes_), dtype=np.float32)[indices.reshape(-1)]

    def _as_wanted(self, targets: np.ndarray, model: Any) -> np.ndarray:
        loss = model.loss
        name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")
        single = model.built and isinstance(model.output_shape, tuple) and model.output_shape[-1] == 1
        if single and targets.shape[1] > 2:
            raise ValueError(
                f"{type(self).__name__}: the model has one output unit, which tells two classes apart; there are "
                f"{targets.shape[1]}. Give the last layer a unit per class."
            )
        return targets.argmax(axis=1).astype(np.float32) if single or "sparse" in str(name).lower() else targets

    def predict(self, X: Any) -> np.ndarray:
        """The most likely class of each row."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class in the order of `classes_`, shape (n, classes): what the model puts out, so its
        last layer must be a softmax or sigmoid. (Keras has no such method.)"""
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def decision_function(self, X: Any) -> np.ndarray:
        """What the model puts out; with one unit, shape (n,), around 0."""
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            return outputs[:, 0] - 0.5
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs


class SKLearnRegressor(RegressorMixin, _Estimator):
    __doc__ = _Estimator.__doc__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def predict(self, X: Any) -> np.ndarray:
        """The predictions, of shape (n,) when `y` had that, else (n, outputs)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._y_ndim == 1 and outputs.ndim == 2 and outputs.shape[1] == 1 else outputs


class SKLearnTransformer(TransformerMixin, _Estimator):
    __doc__ = f"""{_Estimator.__doc__}
    `transform` gives what the model puts out, for the next step of a pipeline.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> np.ndarray:
        """What the model puts out for each row, float32."""
        return self._outputs(X)


def _validated(estimator: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # scikit-learn before 1.6
        return estimator._validate_data(*args, **kwargs)
    return validate_data(estimator, *args, **kwargs)
