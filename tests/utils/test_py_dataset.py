"""PyDataset as the data of fit, evaluate and predict."""

import threading
from types import ModuleType

import numpy as np
import pytest

import ravine as keras
from ravine import layers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself


def dataset(library: ModuleType, log: list, **arguments):
    class Data(library.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int):
            log.append(index)
            x = np.full((2, 1), index, np.float32)
            return x, 2 * x

        def on_epoch_begin(self) -> None:
            log.append("begin")

        def on_epoch_end(self) -> None:
            log.append("end")

    return Data(**arguments)


def network(library: ModuleType = keras):
    model = library.Sequential(
        [library.layers.Input((1,)), library.layers.Dense(1, kernel_initializer="ones", use_bias=False)]
    )
    model.compile(library.optimizers.SGD(0.01), "mse")
    return model


def test_the_same_training_as_in_keras() -> None:
    theirs = pytest.importorskip("keras")
    results, logs = [], []
    for library in (theirs, keras):
        log: list = []
        model = network(library)
        history = model.fit(
            dataset(library, log), epochs=2, shuffle=False, verbose=0, validation_data=dataset(library, [])
        )
        evaluated = model.evaluate(dataset(library, []), verbose=0)
        predicted = model.predict(dataset(library, []), verbose=0)
        results.append([history.history["loss"], history.history["val_loss"], [evaluated], predicted.ravel().tolist()])
        logs.append(log[log.index("begin") :])
    for own, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5)
    assert logs[1] == ["begin", 0, 1, 2, 3, 4, "end"] * 2


def test_batches_come_in_a_new_order_in_every_epoch() -> None:
    log: list = []
    keras.utils.set_random_seed(0)
    network().fit(dataset(keras, log), epochs=2, verbose=0)
    log = log[log.index("begin") :]
    first, second = log[1:6], log[8:13]
    assert sorted(first) == sorted(second) == [0, 1, 2, 3, 4]
    assert first != second
    again: list = []
    keras.utils.set_random_seed(0)
    network().fit(dataset(keras, again), epochs=2, verbose=0)
    assert again[again.index("begin") :] == log


def test_threads_make_batches_ahead_in_the_same_order() -> None:
    seen: set[int] = set()

    class Threads(keras.utils.PyDataset):
        num_batches = 20

        def __getitem__(self, index: int):
            seen.add(threading.get_ident())
            x = np.full((2, 1), index, np.float32)
            return x, x

    data = Threads(workers=3, max_queue_size=4)
    np.testing.assert_array_equal(network().predict(data, verbose=0)[::2, 0], np.arange(20))
    assert len(seen - {threading.get_ident()}) > 0
    assert (data.workers, data.max_queue_size, data.use_multiprocessing) == (3, 4, False)


def test_an_error_in_a_thread_reaches_the_user() -> None:
    class Broken(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int):
            if index == 2:
                raise OSError("no such image")
            return np.ones((2, 1), np.float32), np.ones((2, 1), np.float32)

    with pytest.raises(OSError, match="no such image"):
        network().fit(Broken(workers=2), verbose=0)


def test_steps_go_on_where_the_last_epoch_ended() -> None:
    log: list = []
    network().fit(dataset(keras, log), epochs=3, steps_per_epoch=3, shuffle=False, verbose=0)
    assert [x for x in log[log.index("begin") :] if x != "begin" and x != "end"] == [0, 1, 2, 3, 4, 0, 1, 2, 3]


def test_without_an_end() -> None:
    class Endless(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index: int):
            x = np.full((2, 1), index, np.float32)
            return x, x

    model = network()
    model.fit(Endless(), steps_per_epoch=4, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 8
    with pytest.raises(ValueError, match="pass the number of steps"):
        model.fit(Endless(), verbose=0)


def test_what_is_missing_is_named() -> None:
    class Empty(keras.utils.Sequence):
        pass

    with pytest.raises(NotImplementedError, match=r"__len__"):
        network().fit(Empty(), verbose=0)
    with pytest.raises(NotImplementedError, match=r"__getitem__"):
        Empty()[0]
    with pytest.warns(UserWarning, match="threads"):
        Empty(workers=2, use_multiprocessing=True)


def test_classes_that_do_not_call_super() -> None:
    class Plain(keras.utils.Sequence):
        def __init__(self):
            self.x = np.ones((4, 1), np.float32)

        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int):
            return self.x[index * 2 : index * 2 + 2], self.x[:2]

    model = keras.Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.fit(Plain(), epochs=2, verbose=0).epoch == [0, 1]
