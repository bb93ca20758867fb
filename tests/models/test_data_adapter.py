"""Every form of data that fit, evaluate and predict take gives the same result."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers
from ravine.models.array_data import ArrayData
from ravine.models.arrays import as_array
from ravine.models.batch import Batch, class_weight_to_sample_weights
from ravine.models.data_adapter import make_data

RNG = np.random.default_rng(0)
X = RNG.integers(0, 9, size=(50, 4))
Y = RNG.integers(0, 3, size=50)


def train(x, y=None, **arguments) -> list[np.ndarray]:
    keras.utils.set_random_seed(5)
    model = keras.Sequential([layers.Dense(3, "softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(x, y, **{"shuffle": False, "verbose": 0, "epochs": 2, **arguments})
    return model.get_weights()


EXPECTED = train(X.astype(np.float32), Y)


def assert_same(weights: list[np.ndarray]) -> None:
    for got, expected in zip(weights, EXPECTED, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "uint64", ">f4", ">i2"]
)
def test_dtypes(dtype) -> None:
    assert_same(train(X.astype(dtype), Y.astype(dtype)))


def test_booleans() -> None:
    assert np.isfinite(train(X > 4, Y)[0]).all()


def test_layouts() -> None:
    wide = np.zeros((50, 8))
    wide[:, ::2] = X
    taller = np.zeros((100, 4))
    taller[::2] = X
    padded = np.zeros((50, 9))
    padded[:, :4] = X
    assert_same(train(np.asfortranarray(X), Y))
    assert_same(train(wide[:, ::2], Y))
    assert_same(train(taller[::2], np.repeat(Y, 2)[::2]))
    assert_same(train(padded[:, :4], Y))
    assert_same(train(X[::-1].copy()[::-1], Y[::-1].copy()[::-1]))
    assert_same(train(np.broadcast_to(X.astype(float), (1, 50, 4))[0], Y[:, None]))


def test_rows_that_are_contiguous_are_not_copied() -> None:
    whole = np.zeros((100, 6))
    for view in (whole, whole[::2], whole[:, :4], whole[10:20]):
        assert np.shares_memory(as_array(view, "x"), whole)
    for view in (whole[:, ::2], whole[::-1], np.asfortranarray(whole)):
        assert not np.shares_memory(as_array(view, "x"), whole)


def test_memory_mapped_files(tmp_path) -> None:
    np.save(tmp_path / "x.npy", X.astype(np.uint8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(as_array(mapped, "x"), mapped)
    assert_same(train(mapped, Y))


def test_lists_tuples_and_single_entry_containers() -> None:
    assert_same(train(X.tolist(), Y.tolist()))
    assert_same(train(tuple(map(tuple, X.tolist())), tuple(Y.tolist())))
    assert_same(train([X], Y))
    assert_same(train({"x": X}, {"y": Y}))
    assert_same(train(list(X), Y))


class Foreign:
    """An array of another library."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


def test_array_likes() -> None:
    assert_same(train(Foreign(X), Foreign(Y)))


def test_torch_tensors_and_loaders() -> None:
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(X, dtype=torch.float32, requires_grad=True), torch.tensor(Y)
    assert_same(train(x, y))
    assert_same(train(x.detach().to(torch.bfloat16), y))
    dataset = torch.utils.data.TensorDataset(x.detach(), y)
    assert_same(train(torch.utils.data.DataLoader(dataset, batch_size=32)))


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    assert_same(train(pandas.DataFrame(X), pandas.Series(Y)))


def batches():
    for begin in range(0, 50, 32):
        yield X[begin : begin + 32], Y[begin : begin + 32]


def test_iterables_of_batches() -> None:
    assert_same(train(list_of_batches := ReIterable()))
    assert list_of_batches.passes == 2


class ReIterable:
    passes = 0

    def __iter__(self):
        self.passes += 1
        return batches()


class Sequence:
    """Batches by index, as Keras' PyDataset."""

    ended = 0

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int):
        return list(batches())[index]

    def on_epoch_end(self) -> None:
        self.ended += 1


def test_sequences_of_batches() -> None:
    sequence = Sequence()
    assert_same(train(sequence))
    assert sequence.ended == 2


def test_generators() -> None:
    def forever():
        while True:
            yield from batches()

    assert_same(train(forever(), steps_per_epoch=2))


def test_a_generator_that_ends_early_says_so() -> None:
    with pytest.warns(UserWarning, match="ran out after 1 of 3 steps"):
        train((batch for batch in list(batches())[:1]), steps_per_epoch=3, epochs=1)


def test_batches_with_weights_equal_arrays_with_weights() -> None:
    weights = RNG.random(50)
    stream = [(x, y, weights[i * 32 : (i + 1) * 32]) for i, (x, y) in enumerate(batches())]
    for got, expected in zip(
        train(iter(stream * 2), steps_per_epoch=2), train(X, Y, sample_weight=weights), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_class_weight_of_a_stream() -> None:
    class_weight = {0: 2.0, 2: 0.5}
    pairs = zip(train(ReIterable(), class_weight=class_weight), train(X, Y, class_weight=class_weight), strict=True)
    for got, expected in pairs:
        np.testing.assert_array_equal(got, expected)


def test_predict_and_evaluate_on_streams() -> None:
    model = keras.Sequential([layers.Dense(3, "softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    expected = model.predict(X, verbose=0)
    np.testing.assert_allclose(model.predict((x for x, _ in batches()), verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(Sequence(), verbose=0), expected, rtol=1e-6)
    assert model.evaluate(Sequence(), verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)


def test_validation_data_as_a_stream() -> None:
    keras.utils.set_random_seed(5)
    model = keras.Sequential([layers.Dense(3, "softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    history = model.fit(X, Y, validation_data=Sequence(), epochs=2, verbose=0).history
    assert history["val_loss"][1] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)


def test_a_missing_or_surplus_last_axis_is_adapted() -> None:
    model = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
    flat = np.arange(3.0)
    assert model.predict(flat, verbose=0).shape == (3, 1)
    assert np.array_equal(model.predict(flat, verbose=0), model.predict(flat[:, None], verbose=0))
    model = keras.Sequential([layers.Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    assert model.predict(np.zeros((2, 4, 4, 1)), verbose=0).shape == (2, 1)


def test_shuffled_epochs_visit_every_row_once_and_differ() -> None:
    seeds = iter([1, 2])
    data = make_data(X, Y, batch_size=8, shuffle=True, next_seed=lambda: next(seeds))
    first, second = (next(iter(data.segments())).order for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)


def test_steps_per_epoch_wraps_around_the_rows() -> None:
    data = ArrayData(Batch(np.zeros((10, 1))), batch_size=2, steps_per_epoch=3)
    assert [[tuple(s[1:]) for s in data.segments()] for _ in range(4)] == [
        [(0, 3)], [(3, 5), (0, 1)], [(1, 4)], [(4, 5), (0, 2)]
    ]  # fmt: skip


def test_class_weights_from_indices_and_one_hot_rows() -> None:
    labels = np.array([0, 2, 1])
    for y in (labels, labels[:, None], np.eye(3)[labels]):
        assert class_weight_to_sample_weights(y, {0: 2.0, 2: 3.0}).tolist() == [2.0, 3.0, 1.0]
