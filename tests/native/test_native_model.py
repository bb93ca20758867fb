"""Model files: what Python writes, the C++ Model reads, predicts with and trains on, bit for bit."""

import numpy as np
import pytest

import ravine as keras
from ravine import _core, layers

RNG = np.random.default_rng(3)
X = RNG.normal(size=(70, 4, 3)).astype(np.float32)
Y = RNG.integers(0, 5, 70)


def make_model(optimizer="adam"):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            layers.Input((4, 3)),
            layers.Flatten(),
            layers.Dense(16, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.2),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def weights_of(native):
    return {name: value.copy() for name, value in native.variables().items()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.ravine"


OPTIMIZERS = {
    "sgd": lambda: "sgd",
    "adam": lambda: "adam",
    "schedule": lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10), momentum=0.9),
    "several": lambda: keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), {"kernel": keras.optimizers.Adam()})
    ),
    "loss scale": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
    "loss scale of several": lambda: keras.optimizers.LossScaleOptimizer(OPTIMIZERS["several"]()),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_predicts_and_trains_as_python_does_bit_for_bit(path, optimizer, isa):
    model = make_model(OPTIMIZERS[optimizer]())
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    model.export(path)
    native = _core.NativeModel(str(path))
    assert native.input_shape == (4, 3) and native.output_shape == (5,) and native.trainable
    np.testing.assert_array_equal(native.predict(X), model.predict(X, verbose=0))

    for begin in range(0, 64, 16):
        batch = slice(begin, begin + 16)
        ours = model.train_on_batch(X[batch], Y[batch], return_dict=True)
        model.reset_metrics()
        theirs = native.train_on_batch(X[batch], Y[batch])
        assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-6)
        assert theirs["accuracy"] == pytest.approx(ours["accuracy"])
    np.testing.assert_array_equal(native.predict(X), model.predict(X, verbose=0))


def test_evaluates_as_python_does(path):
    model = make_model()
    model.export(path)
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    native = _core.NativeModel(str(path)).evaluate(X, Y)
    assert native["loss"] == pytest.approx(loss, rel=1e-6)
    assert native["accuracy"] == pytest.approx(accuracy)


def test_saved_by_cpp_and_loaded_again_training_goes_on_identically(path, tmp_path):
    model = make_model()
    model.export(path)
    first = _core.NativeModel(str(path))
    first.fit(X, Y, epochs=2, seed=5)
    again = str(tmp_path / "again.ravine")
    first.save(again)
    second = _core.NativeModel(again)
    for native in (first, second):
        native.fit(X, Y, epochs=1, seed=9)
    ours, theirs = weights_of(first), weights_of(second)
    assert ours.keys() == theirs.keys() and len(ours) > 6
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def test_learning_rate_is_read_and_set(path):
    make_model().export(path)
    native = _core.NativeModel(str(path))
    assert native.learning_rate == pytest.approx(1e-3)
    native.learning_rate = 0.0
    before = native.predict(X)
    stds = {name: value for name, value in weights_of(native).items() if "kernel" in name}
    native.train_on_batch(X, Y)
    after = {name: value for name, value in weights_of(native).items() if "kernel" in name}
    for name in stds:
        if "momentum" not in name and "velocity" not in name:
            np.testing.assert_array_equal(stds[name], after[name])
    assert before.shape == (70, 5)


def test_a_schedule_leaves_no_rate_to_set(path):
    make_model(OPTIMIZERS["schedule"]()).export(path)
    native = _core.NativeModel(str(path))
    for use in (lambda: native.learning_rate, lambda: setattr(native, "learning_rate", 0.1)):
        with pytest.raises(ValueError, match="the model has no learning rate to"):
            use()


def test_an_uncompiled_model_only_predicts(path):
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2)])
    model.export(path)
    native = _core.NativeModel(str(path))
    assert not native.trainable
    with pytest.raises(ValueError, match="holds no 'train' program; compile the model in Python before exporting"):
        native.train_on_batch(np.zeros((1, 3)), np.zeros((1, 2)))


def test_wrong_data_is_refused(path):
    make_model().export(path)
    native = _core.NativeModel(str(path))
    with pytest.raises(ValueError, match=r"x: expected samples of 12 values, received shape \(7, 5\)"):
        native.predict(np.zeros((7, 5)))
    with pytest.raises(ValueError, match="differ in length"):
        native.train_on_batch(X[:8], Y[:9])
    with pytest.raises(ValueError, match=r"label 7 of sample 2 .* expected an integer in \[0, 5\)"):
        native.train_on_batch(X[:4], np.array([0, 1, 7, 2]))


def test_unbuilt_models_are_refused(path):
    with pytest.raises(ValueError, match="build the model"):
        keras.Sequential([layers.Dense(2)]).export(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.ravine.*cannot be read: No such file"):
        _core.NativeModel(str(tmp_path / "nothing.ravine"))


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 0.3, 0.7, -1])
def test_truncated_files_are_refused(path, keep):
    make_model().export(path)
    data = path.read_bytes()
    count = int(len(data) * keep) if isinstance(keep, float) else keep
    path.write_bytes(data[:count])
    with pytest.raises(RuntimeError, match=r"m\.ravine': .*(truncated|altered|not a model file)"):
        _core.NativeModel(str(path))


def test_altered_files_are_refused(path):
    make_model().export(path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(RuntimeError, match="altered: its checksum does not fit"):
        _core.NativeModel(str(path))


def test_flipped_bytes_never_crash(path):
    """Whatever byte is changed, loading either fails with RuntimeError or gives a model that predicts."""
    model = keras.Sequential([layers.Input((2,)), layers.Dense(2, activation="elu")])
    model.export(path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(data), 300):
        changed = bytearray(data)
        changed[position] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(changed)
        try:
            native = _core.NativeModel(str(path))
        except RuntimeError:
            continue
        assert native.predict(np.zeros((1, 2))).shape == (1, 2)


def test_a_failed_save_leaves_the_old_file(path, tmp_path):
    make_model().export(path)
    native = _core.NativeModel(str(path))
    with pytest.raises(OSError, match="cannot be written"):
        native.save(str(tmp_path / "no" / "such" / "folder.ravine"))
    native.save(str(path))
    np.testing.assert_array_equal(_core.NativeModel(str(path)).predict(X), native.predict(X))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.ravine"]
