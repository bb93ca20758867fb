"""Embedding, Masking, TimeDistributed, wrappers and what masks do on their way through a model."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4, 2)).astype(np.float32)
X[0, 2:] = 0
X[2, :1] = 0
COUNTS = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]], bool)


class SumOfSteps(layers.Layer):
    """The sum over time of what a mask leaves."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, inputs, mask=None):
        from ravine import ops

        return ops.sum(inputs if mask is None else ops.where(ops.expand_dims(mask, -1), inputs, 0.0), axis=1)


def test_masking() -> None:
    np.testing.assert_array_equal(layers.Masking().compute_mask(X), COUNTS)
    shifted = np.where(COUNTS[..., None], X, 9)
    np.testing.assert_array_equal(layers.Masking(mask_value=9)(shifted), X)


@pytest.mark.parametrize(
    "between",
    [
        layers.Dense(2, kernel_initializer="identity", bias_initializer="ones"),
        layers.TimeDistributed(layers.Dense(2, kernel_initializer="identity", bias_initializer="ones")),
        layers.Rescaling(1.0, offset=1.0),
        layers.BatchNormalization(beta_initializer="ones", epsilon=0.0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_masks_pass_through(between: layers.Layer) -> None:
    model = keras.Sequential([keras.Input((4, 2)), layers.Masking(), between, layers.Dropout(0.5), SumOfSteps()])
    expected = np.where(COUNTS[..., None], X + 1, 0).sum(1)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_arrays_carry_masks_from_layer_to_layer() -> None:
    embedding = layers.Embedding(4, 2, mask_zero=True)
    for words in (WORDS, WORDS[:1], WORDS[::-1].copy()):
        embedded = embedding(words)
        np.testing.assert_array_equal(embedded._keras_mask, words != 0)
        assert embedded._keras_mask.dtype == bool
        hidden = layers.Dense(3)(embedded)
        np.testing.assert_array_equal(hidden._keras_mask, words != 0)
        for x in (hidden, hidden.numpy()):  # without a mask after a call with one
            expected = np.asarray(x) * (words != 0)[..., None] if x is hidden else np.asarray(x)
            np.testing.assert_allclose(SumOfSteps()(x), expected.sum(1), rtol=1e-5, atol=1e-6)
    assert not hasattr(layers.Embedding(4, 2)(WORDS), "_keras_mask")
    joined = layers.Concatenate()([hidden, hidden])
    np.testing.assert_array_equal(joined._keras_mask, hidden._keras_mask)


def test_batch_normalization_counts_only_what_the_mask_leaves() -> None:
    layer = layers.BatchNormalization(momentum=0.0)
    y = layer(X, training=True, mask=COUNTS)
    kept = X[COUNTS]
    np.testing.assert_allclose(layer.moving_mean, kept.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, kept.var(0), rtol=1e-4)
    np.testing.assert_allclose(y[COUNTS], (kept - kept.mean(0)) / np.sqrt(kept.var(0) + 1e-3), rtol=1e-3, atol=1e-4)


def test_time_distributed_trains() -> None:
    model = keras.Sequential([keras.Input((4, 2)), layers.TimeDistributed(layers.Dense(1)), layers.Flatten()])
    model.compile(keras.optimizers.SGD(0.2), "mse")
    history = model.fit(X, X.sum(2), epochs=100, verbose=0).history["loss"]
    assert history[-1] < 1e-2 * history[0]
    assert model.count_params() == 3
    with pytest.raises(ValueError, match=r"input of rank 3 or more with a fixed number of time steps"):
        layers.TimeDistributed(layers.Dense(1)).compute_output_shape((None, 3))
    with pytest.raises(ValueError, match="expected `layer` to be a layer, received 3"):
        layers.TimeDistributed(3)


def test_spectral_normalization() -> None:
    layer = layers.SpectralNormalization(layers.Dense(3), power_iterations=30)
    x = RNG.normal(size=(4, 5)).astype(np.float32)
    layer(x)
    before = layer.kernel.numpy()
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    np.testing.assert_array_equal(layer.kernel.numpy(), before)
    layer(x, training=True)
    assert np.linalg.norm(layer.kernel.numpy(), 2) == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(layer.kernel.numpy() * np.linalg.norm(before, 2), before, rtol=1e-2)
    layer.kernel.assign(0 * before)
    assert np.isfinite(layer(x, training=True)).all()
    assert not layer.kernel.numpy().any()
    with pytest.raises(ValueError, match="`power_iterations` to be 1 or more, received 0"):
        layers.SpectralNormalization(layers.Dense(3), power_iterations=0)
    with pytest.raises(ValueError, match="a layer with a kernel or embeddings"):
        layers.SpectralNormalization(layers.Flatten())(x)


WORDS = np.array([[1, 3, 0, 0], [2, 2, 1, 0]], np.int32)


def test_embedding_looks_rows_up() -> None:
    layer = layers.Embedding(4, 2)
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    np.testing.assert_array_equal(layer(WORDS).shape, (2, 4, 2))
    assert np.abs(layer.embeddings.numpy()).max() <= 0.05
    layer.set_weights([table])
    for indices in (WORDS, WORDS.astype(np.float32), WORDS.astype(np.int64), WORDS.tolist(), WORDS[0]):
        np.testing.assert_array_equal(layer(indices), table[np.asarray(indices, int)])
    np.testing.assert_array_equal(layers.Embedding(4, 2, weights=[table])(WORDS), table[WORDS])
    np.testing.assert_array_equal(layers.Embedding(4, 2, weights=table)(WORDS), table[WORDS])
    with pytest.warns(UserWarning, match="input_shape"):
        assert layers.Embedding(4, 2, input_length=4)._input_shape_arg == (4,)


def test_embedding_masks_and_trains() -> None:
    embedding = layers.Embedding(4, 2, mask_zero=True, embeddings_constraint="non_neg")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), embedding, SumOfSteps(), layers.Dense(1)])
    np.testing.assert_array_equal(embedding.compute_mask(WORDS), WORDS != 0)
    assert layers.Embedding(4, 2).compute_mask(WORDS) is None
    table = embedding.embeddings.numpy()
    expected = np.where((WORDS != 0)[..., None], table[WORDS], 0).sum(1) @ model.layers[-1].kernel.numpy()
    np.testing.assert_allclose(model.predict(WORDS, verbose=0), expected, rtol=1e-4, atol=1e-6)
    model.compile(keras.optimizers.Adam(0.1), "mse")
    history = model.fit(WORDS, np.array([[1.0], [-1.0]]), epochs=50, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]
    assert embedding.embeddings.numpy().min() >= 0


def test_embedding_errors() -> None:
    with pytest.raises(ValueError, match="`input_dim` to be a positive integer, received 0"):
        layers.Embedding(0, 2)
    with pytest.raises(ValueError, match=r"index 4 of sample 0 .* expected an integer in \[0, 4\)"):
        layers.Embedding(4, 2)(np.array([[1, 4]]))
    with pytest.raises(ValueError, match="`lora_rank` is not supported"):
        layers.Embedding(4, 2, lora_rank=1)


def test_einsum_dense_errors() -> None:
    for equation in ("ab", "ab,bc", "...ab...,bc->...ac...", "...ab,bc->ac"):
        with pytest.raises(ValueError, match="expected an equation such as"):
            layers.EinsumDense(equation, 3)
    with pytest.raises(ValueError, match=r"`output_shape` of 2 sizes for 'abc,cd->abd', received \(3,\)"):
        layers.EinsumDense("abc,cd->abd", 3).compute_output_shape((None, 5, 6))
    with pytest.raises(ValueError, match="nothing tells the sizes of all labels"):
        layers.EinsumDense("ab,cd->ad", 3).compute_output_shape((None, 5))
    with pytest.raises(ValueError, match="does not fit an input of shape"):
        layers.EinsumDense("ab,bc->ac", 3).compute_output_shape((None, 5, 6))
    with pytest.raises(ValueError, match="`bias_axes` among the output's labels 'ac', received 'b'"):
        layers.EinsumDense("ab,bc->ac", 3, bias_axes="b").build((None, 5))


def test_einsum_dense_counts_its_inputs() -> None:
    """Of the kernel (inputs, heads, size) the first axis alone counts the inputs of a unit."""
    layer = layers.EinsumDense("abc,cde->abde", (None, 8, 32), kernel_initializer="he_normal")
    layer.build((None, 5, 100))
    assert layer.kernel.numpy().std() == pytest.approx(np.sqrt(2 / 100), rel=0.05)
    assert layer.get_config()["kernel_initializer"]["config"]["input_axes"] is None
