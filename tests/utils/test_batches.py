"""Packing, splitting and padding, beside Keras."""

import numpy as np
import pytest

import ravine
from ravine import utils


def test_packing() -> None:
    x, y, w = np.zeros(3), np.ones(3), np.full(3, 2.0)
    for data in ((x,), (x, y), (x, y, w)):
        assert utils.unpack_x_y_sample_weight(data) == (*data, None, None)[:3]
    assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight(x, y))[1] is y
    assert utils.pack_x_y_sample_weight([x, x]) == ([x, x],)
    with pytest.raises(ValueError, match="a tuple of 4"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_splitting() -> None:
    x, y = np.arange(10), np.arange(10) * 2
    (a, b), (c, d) = utils.split_dataset((x, y), left_size=0.8)
    assert (a.tolist(), b.tolist(), c.tolist(), d.tolist()) == (x[:8].tolist(), y[:8].tolist(), [8, 9], [16, 18])
    left, right = utils.split_dataset(x, 3, 4, shuffle=True, seed=1, preferred_backend="tensorflow")
    assert len(left) == 3 and len(right) == 4 and len({*left, *right}) == 7
    with pytest.raises(ValueError, match="more than the 10"):
        utils.split_dataset(x, 6, 5)
    with pytest.raises(ValueError, match="expected left_size or right_size"):
        utils.split_dataset(x)


@pytest.mark.parametrize(
    "options",
    [{}, {"padding": "post"}, {"maxlen": 2}, {"maxlen": 2, "truncating": "post"}, {"value": 7.5, "dtype": "float32"}],
)
def test_padding_is_keras(options: dict) -> None:
    keras = pytest.importorskip("keras")
    sequences = [[1], [2, 3], [4, 5, 6], []]
    np.testing.assert_array_equal(
        utils.pad_sequences(sequences, **options), keras.utils.pad_sequences(sequences, **options)
    )


def test_normalize_is_keras() -> None:
    keras = pytest.importorskip("keras")
    x = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, -1.0]])
    for options in ({}, {"axis": 1}, {"order": 1}):
        np.testing.assert_allclose(utils.normalize(x, **options), keras.utils.normalize(x, **options))


def test_sources() -> None:
    a, b = ravine.Input((2,)), ravine.Input((2,))
    assert utils.get_source_inputs(ravine.layers.Dense(1)(a + b)) == [a, b]
    assert utils.is_keras_tensor(a) and not utils.is_keras_tensor(np.zeros(2))
