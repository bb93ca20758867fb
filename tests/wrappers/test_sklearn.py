"""Models as scikit-learn's estimators: its own checks, and what people do with estimators."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ravine as keras
from ravine import layers

pytest.importorskip("sklearn")

from ravine.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

FIT = {"epochs": 2, "verbose": 0}
QUIET = {"epochs": 40, "verbose": 0}


def network(X, y, loss: str, last: str | None = None, units: int | None = None) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [layers.Input(X.shape[1:]), layers.Dense(8, "relu"), layers.Dense(units or y.shape[1], last)]
    )
    model.compile(keras.optimizers.Adam(0.02), loss)
    return model


def classifier(**arguments) -> SKLearnClassifier:
    settings = {"loss": "categorical_crossentropy", "last": "softmax"}
    return SKLearnClassifier(network, model_kwargs=settings, **{"fit_kwargs": FIT, **arguments})


ESTIMATORS = {
    "classifier": classifier,
    "regressor": lambda: SKLearnRegressor(network, model_kwargs={"loss": "mse"}, fit_kwargs=FIT),
    "transformer": lambda: SKLearnTransformer(network, model_kwargs={"loss": "mse"}, fit_kwargs=FIT),
}

NOT_PASSED = {
    "check_supervised_y_2d": "targets with one column are taken as they are",
    "check_classifiers_one_label_sample_weights": "two epochs are too few to learn the one class that has weight",
}


@pytest.mark.filterwarnings("ignore")  # the checks feed constant columns and the like on purpose
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_checks_of_scikit_learn(kind: str) -> None:
    from sklearn.utils.estimator_checks import check_estimator

    try:
        results = check_estimator(ESTIMATORS[kind](), on_fail=None, on_skip=None)
    except TypeError:
        pytest.skip("this scikit-learn returns no results")
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert {name: error for name, error in failed.items() if name not in NOT_PASSED} == {}
    assert sum(r["status"] == "passed" for r in results) > 35


@pytest.fixture(scope="module")
def flowers() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    return (X - X.mean(0)) / X.std(0), np.array(["setosa", "versicolor", "virginica"])[y]


def test_a_classifier_of_texts(flowers) -> None:
    X, y = flowers
    model = classifier(fit_kwargs=QUIET).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (150, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (model.classes_[probabilities.argmax(1)] == model.predict(X)).all()
    assert model.epoch_ == 40
    assert len(model.history_.history["loss"]) == 40


@pytest.mark.parametrize(
    ("loss", "last", "units"),
    [("sparse_categorical_crossentropy", "softmax", 2), ("binary_crossentropy", "sigmoid", 1), ("mse", "sigmoid", 1)],
)
def test_targets_fit_the_loss(flowers, loss, last, units) -> None:
    X, y = flowers[0][:100], flowers[1][:100]
    settings = {"loss": loss, "last": last, "units": units}
    model = SKLearnClassifier(network, model_kwargs=settings, fit_kwargs=QUIET).fit(X, y)
    assert model.score(X, y) > 0.95
    assert model.predict_proba(X).shape == (100, 2)
    assert ((model.decision_function(X) > 0) == (model.predict(X) == "versicolor")).all()
    if units == 1:
        with pytest.raises(ValueError, match="one output unit, which tells two classes apart; there are 3"):
            SKLearnClassifier(network, model_kwargs=settings, fit_kwargs=FIT).fit(*flowers)


def test_a_model_is_cloned_and_stays_as_it_is(flowers) -> None:
    X, y = flowers
    model = network(X, np.zeros((1, 3)), "categorical_crossentropy", "softmax")
    before = model.get_weights()
    estimator = SKLearnClassifier(model, fit_kwargs=FIT).fit(X, y)
    assert estimator.model_ is not model
    for own, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, expected)
    assert int(model.optimizer.iterations) == 0
    assert int(estimator.model_.optimizer.iterations) == 10
    assert float(estimator.model_.optimizer.learning_rate) == float(model.optimizer.learning_rate)


def test_a_warm_start_goes_on(flowers) -> None:
    X, y = flowers
    for warm, steps in ((True, 20), (False, 10)):
        estimator = classifier(warm_start=warm).fit(X, y).fit(X, y)
        assert int(estimator.model_.optimizer.iterations) == steps


def test_regression_with_one_and_several_targets() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    y = X @ np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 0.5]])
    several = SKLearnRegressor(network, model_kwargs={"loss": "mse"}, fit_kwargs=QUIET).fit(X, y)
    assert several.predict(X).shape == (200, 2)
    assert several.score(X, y) > 0.9
    one = SKLearnRegressor(network, model_kwargs={"loss": "mse"}, fit_kwargs=QUIET).fit(X, y[:, 0])
    assert one.predict(X).shape == (200,)


def test_in_a_pipeline_a_search_and_cross_validation(flowers) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = flowers
    pipeline = make_pipeline(StandardScaler(), classifier())
    assert cross_val_score(pipeline, X, y, cv=2).shape == (2,)
    search = GridSearchCV(classifier(), {"fit_kwargs": [FIT, QUIET]}, cv=2).fit(X, y)
    assert search.best_params_ == {"fit_kwargs": QUIET}
    embedding = SKLearnTransformer(network, model_kwargs={"loss": "mse", "units": 1}, fit_kwargs=FIT)
    targets = (y == "setosa").astype(float)
    assert make_pipeline(embedding, LogisticRegression()).fit(X, targets).predict(X).shape == (150,)


def test_what_goes_wrong(flowers) -> None:
    X, y = flowers
    uncompiled = keras.Sequential([layers.Input((4,)), layers.Dense(3)])
    with pytest.raises(RuntimeError, match="must be compiled"):
        SKLearnClassifier(uncompiled).fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        classifier().fit(X, y[:50].tolist() * 3)
    with pytest.raises(ValueError, match="expecting 4 features"):
        classifier().fit(X, y).predict(X[:, :3])


def test_the_same_arguments_as_in_keras() -> None:
    import inspect

    theirs: ModuleType = pytest.importorskip("keras").wrappers
    names = {name for name in dir(theirs) if name.startswith("SKLearn")}
    assert names == set(keras.wrappers.__all__)
    for name in names:
        expected = inspect.signature(getattr(theirs, name)).parameters
        own = inspect.signature(getattr(keras.wrappers, name)).parameters
        assert [(p.name, p.default) for p in own.values()] == [(p.name, p.default) for p in expected.values()]


def test_without_scikit_learn() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import ravine as keras\n"
        "try: keras.wrappers\n"
        "except ImportError as error: assert 'ravine[data]' in str(error)\n"
        "else: raise SystemExit(1)\n"
    )
    environment = {"PYTHONPATH": ":".join(str(Path(p).resolve()) for p in sys.path if p), "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
