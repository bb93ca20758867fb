"""What is saved comes back: the same outputs, and the same training from there on."""

from pathlib import Path

import numpy as np
import pytest
from saved_models import X, network, train

import ravine

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Nadam"])
def test_training_goes_on_bit_for_bit(tmp_path: Path, optimizer: str) -> None:
    model = network(ravine, optimizer, dropout=0.3)
    path = tmp_path / "model.keras"
    model.save(path)
    twin = ravine.models.load_model(path)
    assert train(twin, 3) == train(model, 3)
    for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_weights_alone(tmp_path: Path, suffix: str) -> None:
    model, other = network(ravine), network(ravine, None)
    path = tmp_path / f"model{suffix}"
    (model.save if suffix == ".keras" else model.save_weights)(path)
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_with_keras(keras, tmp_path: Path) -> None:
    """Files of one library are loaded by the other, which goes on training with the same losses."""
    for writer, reader in ((keras, ravine), (ravine, keras)):
        model = network(writer)
        path = str(tmp_path / "model.keras")
        model.save(path)
        twin = reader.models.load_model(path)
        np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(train(twin, 3), train(model, 3), rtol=1e-5)
