"""Every public name of Keras is here, or says why it is not."""

import importlib
import types

import pytest

import ravine

MODULES = ["", "callbacks", "config", "constraints", "datasets", "dtype_policies", "initializers", "layers", "losses"]
MODULES += [
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "optimizers.schedules",
    "preprocessing",
    "random",
]
MODULES += ["preprocessing.sequence", "regularizers", "saving", "tree", "utils", "wrappers", "activations", "backend"]


@pytest.mark.parametrize("name", MODULES)
def test_a_name_of_keras_is_here_or_says_why_not(name: str) -> None:
    theirs = pytest.importorskip("keras")
    for part in name.split(".") if name else []:
        theirs = getattr(theirs, part)
    ours = importlib.import_module(f"ravine.{name}" if name else "ravine")
    for public in (x for x in dir(theirs) if not x.startswith("_") and x != "src"):
        if isinstance(getattr(theirs, public), types.ModuleType) and hasattr(ours, public):
            continue
        try:
            getattr(ours, public)
        except AttributeError as error:
            assert f"has no attribute '{public}': " in str(error), public


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: ravine.layers.Conv2D, "layers.Flatten, then Dense"),
        (lambda: ravine.layers.Dens, "Did you mean 'Dense'"),
        (lambda: ravine.layers.ConvolutionalNonsense, "convolution"),
        (lambda: ravine.ops.svd, "np.linalg"),
        (lambda: ravine.backend.svd, "Did you mean|Known names"),
        (lambda: ravine.utils.to_categoric, "Did you mean 'to_categorical'"),
        (lambda: ravine.applications, "not in this version"),
        (lambda: ravine.modles, "Did you mean 'models'"),
    ],
)
def test_the_error_helps(use: object, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        use()


def test_every_module_of_keras_is_covered() -> None:
    theirs = pytest.importorskip("keras")
    modules = {x for x in dir(theirs) if isinstance(getattr(theirs, x), types.ModuleType)} - {"src"}
    assert {x for x in modules if hasattr(ravine, x)} <= set(MODULES)
    assert not hasattr(ravine.layers, "__path_hooks__")
    assert not hasattr(ravine.ops, "no_such_function")


@pytest.mark.parametrize("name", ["initializers", "layers", "losses", "metrics", "optimizers", "callbacks", "ops"])
def test_listing_a_module_shows_what_is_for_users(name: str) -> None:
    module = getattr(ravine, name)
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match=r"Did you mean|Known names"):
        _ = module.no_such_name


def test_older_scripts_find_pad_sequences() -> None:
    from ravine.preprocessing.sequence import pad_sequences

    assert pad_sequences is ravine.utils.pad_sequences
