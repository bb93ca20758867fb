"""Merging layers: errors, masks, functions, and models with several inputs."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers

RNG = np.random.default_rng(0)
A, B = (RNG.normal(size=(4, 3)).astype(np.float32) for _ in range(2))
MASKS = [np.array([[1, 1, 0]], bool), np.array([[1, 0, 0]], bool)]


def test_errors_name_the_shapes() -> None:
    with pytest.raises(ValueError, match=r"Add 'a': expected a list of tensors, received one of shape \(4, 3\)"):
        layers.Add(name="a")(A)
    with pytest.raises(ValueError, match=r"expected shapes that broadcast, received \[\(None, 3\), \(None, 2\)\]"):
        layers.Multiply().compute_output_shape([(None, 3), (None, 2)])
    with pytest.raises(ValueError, match="expected exactly 2 inputs"):
        layers.Subtract()([A, B, A])
    with pytest.raises(ValueError, match="expected tensors of one batch size"):
        layers.Add().compute_output_shape([(4, 3), (5, 3)])
    with pytest.raises(ValueError, match="agree but for axis -1"):
        layers.Concatenate().compute_output_shape([(None, 2, 3), (None, 4, 3)])
    with pytest.raises(ValueError, match="expected axis 0 to be one of the input and not the batch"):
        layers.Dot(0).compute_output_shape([(None, 3), (None, 3)])
    with pytest.raises(ValueError, match=r"agree along the axes \(1, 1\)"):
        layers.Dot(1).compute_output_shape([(None, 3), (None, 2)])
    with pytest.raises(TypeError, match="`axes` to be an integer or a pair of them, received 'x'"):
        layers.Dot("x")


def test_masks() -> None:
    x = [np.zeros((1, 3, 2), np.float32)] * 2
    np.testing.assert_array_equal(layers.Add().compute_mask(x, MASKS), [[1, 1, 0]])
    assert layers.Add().compute_mask(x, [MASKS[0], None]) is None
    assert layers.Add().compute_mask(x, None) is None
    both = layers.Concatenate(axis=1).compute_mask(x, [MASKS[0][..., None], MASKS[1][..., None]])
    np.testing.assert_array_equal(both, [[1, 1, 0, 1, 0, 0]])
    np.testing.assert_array_equal(layers.Concatenate().compute_mask(x, MASKS), [[1, 0, 0]])
    np.testing.assert_array_equal(layers.Concatenate().compute_mask(x, [MASKS[0], None]), [[1, 1, 0]])
    assert layers.Concatenate().compute_mask(x, [None, None]) is None


@pytest.mark.parametrize("name", ["add", "average", "maximum", "minimum", "multiply", "subtract", "concatenate"])
def test_functions_build_models(name: str) -> None:
    inputs = [keras.Input((3,)), keras.Input((3,))]
    model = keras.Model(inputs, getattr(layers, name)(inputs, name="merged"))
    assert model.layers[-1].name == "merged"
    np.testing.assert_array_equal(model.predict([A, B], verbose=0), getattr(layers, name)([A, B]))
    twin = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(twin.predict([A, B], verbose=0), model.predict([A, B], verbose=0))


def test_wide_and_deep_trains() -> None:
    inputs = keras.Input((3,))
    deep = layers.Dense(8, activation="relu")(inputs)
    outputs = layers.Dense(1)(layers.Concatenate()([inputs, deep]))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = RNG.normal(size=(64, 3)).astype(np.float32)
    history = model.fit(x, x.sum(1), epochs=10, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
