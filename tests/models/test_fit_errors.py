"""What goes wrong at fit, evaluate and predict says where, what was expected and what came."""

import numpy as np
import pytest

import ravine as keras
from ravine import layers

X = np.zeros((20, 4), np.float32)
Y = np.zeros(20, int)


def classifier(**compile_arguments) -> keras.Sequential:
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3, "softmax")], name="net")
    arguments = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compile_arguments}
    model.compile(**arguments)
    return model


def test_fit_before_compile() -> None:
    model = keras.Sequential([layers.Dense(1)], name="net")
    for method in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match=r"Sequential 'net': call compile\(.*before"):
            method(X, Y)


def test_predict_needs_no_compile_and_builds() -> None:
    model = keras.Sequential([layers.Dense(2)])
    assert model.predict(X, verbose=0).shape == (20, 2)
    assert model.built


def test_wrong_last_dimension_and_rank() -> None:
    model = classifier()
    for x in (np.zeros((20, 5)), np.zeros((20, 4, 4)), np.zeros(20)):
        with pytest.raises(ValueError, match=r"expected input of shape \(None, 4\), received shape"):
            model.fit(x, Y, verbose=0)
        with pytest.raises(ValueError, match=r"\(None, 4\)"):
            model.predict(x, verbose=0)


def test_wrong_dimension_of_a_model_that_was_built_from_data() -> None:
    model = keras.Sequential([layers.Dense(3, name="first")])
    model.compile(optimizer="sgd", loss="mse")
    model.predict(X, verbose=0)
    with pytest.raises(ValueError, match=r"expected input of shape \(None, 4\), received shape \(None, 5\)"):
        model.predict(np.zeros((20, 5)), verbose=0)


@pytest.mark.parametrize("bad", [3, -1, 250])
def test_label_out_of_range(bad) -> None:
    y = Y.copy()
    y[7] = bad
    model = classifier()
    for _ in range(2):  # when the step is traced and afterwards
        with pytest.raises(ValueError, match=rf"labels in \[0, 3\).*received {bad} at position 7"):
            model.fit(X, y, verbose=0)
        with pytest.raises(ValueError, match=r"\[0, 3\)"):
            model.evaluate(X, y, verbose=0)
        with pytest.raises(ValueError, match=r"\[0, 3\)"):
            model.train_on_batch(X, y)
        model.fit(X, Y, verbose=0)


def test_labels_that_are_not_integers() -> None:
    y = Y.astype(float)
    y[3] = 0.5
    with pytest.raises(ValueError, match=r"integer class indices, received 0.5 .*position 3"):
        classifier().fit(X, y, verbose=0)
    classifier().fit(X, Y.astype(float), verbose=0)


def test_one_hot_targets_for_the_sparse_loss_and_the_other_way_round() -> None:
    with pytest.raises(ValueError, match=r"received y of shape \(20, 3\).*categorical_crossentropy"):
        classifier().fit(X, np.zeros((20, 3)), verbose=0)
    with pytest.raises(ValueError, match=r"expected y of shape \(None, 3\), received \(20,\).*sparse"):
        classifier(loss="categorical_crossentropy").fit(X, Y, verbose=0)


def test_targets_of_another_width() -> None:
    with pytest.raises(ValueError, match=r"MeanSquaredError.*\(None, 3\), received \(20, 2\)"):
        classifier(loss="mse").fit(X, np.zeros((20, 2)), verbose=0)


def test_missing_targets() -> None:
    with pytest.raises(ValueError, match="y is None"):
        classifier().fit(X, verbose=0)


def test_empty_data() -> None:
    model = classifier()
    for x, y in ((X[:0], Y[:0]), ([], [])):
        with pytest.raises(ValueError, match="empty"):
            model.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="empty"):
        model.predict(X[:0], verbose=0)
    with pytest.raises(ValueError, match="empty"):
        model.fit(iter([]), verbose=0)
    with pytest.raises(ValueError, match="None"):
        model.fit()


def test_lengths_that_differ() -> None:
    model = classifier()
    with pytest.raises(ValueError, match="x has 20 samples but y has 18"):
        model.fit(X, Y[:18], verbose=0)
    with pytest.raises(ValueError, match="sample_weight has 3"):
        model.fit(X, Y, sample_weight=np.ones(3), verbose=0)


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (-4, ValueError), (2.5, TypeError), ("8", TypeError), (True, TypeError)]
)
def test_batch_size(size, error) -> None:
    model = classifier()
    for call in (model.fit, model.evaluate):
        with pytest.raises(error, match="batch_size"):
            call(X, Y, batch_size=size, verbose=0)
    if size is not True:
        with pytest.raises(error, match="batch_size"):
            model.predict(np.zeros((40, 4)), batch_size=size, verbose=0)


def test_counts() -> None:
    model = classifier()
    for arguments in ({"epochs": 1.5}, {"steps_per_epoch": 1.5}):
        with pytest.raises(TypeError, match="integer"):
            model.fit(X, Y, verbose=0, **arguments)
    for arguments in (
        {"epochs": -1},
        {"steps_per_epoch": 0},
        {"verbose": 3},
        {"validation_freq": 0, "validation_data": (X, Y)},
    ):
        with pytest.raises(ValueError, match=next(iter(arguments)).split("_")[0]):
            model.fit(X, Y, **{"verbose": 0, **arguments})


def test_unknown_names_suggest_close_ones() -> None:
    with pytest.raises(ValueError, match=r"(?i)'adem'.*adam"):
        classifier(optimizer="adem")
    with pytest.raises(ValueError, match=r"(?i)sparse_categorical_crossentrop'.*sparse_categorical_crossentropy"):
        classifier(loss="sparse_categorical_crossentrop")
    with pytest.raises(ValueError, match=r"(?i)'acuracy'"):
        classifier(metrics=["acuracy"])


def test_validation_split() -> None:
    model = classifier()
    for fraction in (1.0, -0.1, 2, "half"):
        with pytest.raises(ValueError, match="validation_split"):
            model.fit(X, Y, validation_split=fraction, verbose=0)
    with pytest.raises(ValueError, match="leaves 0 for training"):
        model.fit(X[:1], Y[:1], validation_split=0.5, verbose=0)
    with pytest.raises(ValueError, match=r"generator.*validation_data"):
        model.fit(((X, Y) for _ in range(2)), validation_split=0.5, verbose=0)


def test_targets_beside_a_generator() -> None:
    with pytest.raises(ValueError, match="y must not be given"):
        classifier().fit(((X, Y) for _ in range(2)), Y, verbose=0)


def test_data_that_is_not_numeric() -> None:
    model = classifier()
    with pytest.raises(TypeError, match="text"):
        model.fit(np.array([["a"] * 4] * 20), Y, verbose=0)
    with pytest.raises(TypeError, match="x: expected numbers"):
        model.predict(np.zeros((3, 4), object), verbose=0)
    with pytest.raises(TypeError, match="complex"):
        model.predict(np.zeros((3, 4), complex), verbose=0)
    with pytest.raises(TypeError, match=r"missing values \(None, NA\) must become numbers first"):
        model.predict(np.array([[1.0, None, 2.0, 3.0]]), verbose=0)
    with pytest.raises(ValueError, match=r"x: 2 of 12 values are masked. Fill them, with x.filled\(0\)"):
        model.predict(np.ma.masked_less(np.arange(12.0).reshape(3, 4), 2), verbose=0)
    assert model.predict(np.ma.array(np.ones((3, 4))), verbose=0).shape == (3, 3)
    with pytest.raises(ValueError, match="different lengths"):
        model.predict([[1.0, 2.0], [1.0]], verbose=0)


def test_validation_data_is_checked_before_training() -> None:
    model = classifier()
    with pytest.raises(ValueError, match=r"\[0, 3\)"):
        model.fit(X, Y, validation_data=(X, Y + 9), verbose=0)
    assert int(model.optimizer.iterations) == 0
    with pytest.raises(ValueError, match="validation_data"):
        model.fit(X, Y, validation_data=X, verbose=0)


def test_class_weight_and_sample_weight() -> None:
    model = classifier()
    with pytest.raises(ValueError, match="not both"):
        model.fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(20), verbose=0)
    with pytest.raises(TypeError, match="dict"):
        model.fit(X, Y, class_weight=[1.0], verbose=0)
    with pytest.raises(TypeError, match=r"class index to weight, both numbers, received 'a': 1\.0"):
        model.fit(X, Y, class_weight={"a": 1.0}, verbose=0)


def test_callbacks_must_be_callbacks() -> None:
    model = classifier()
    with pytest.raises(TypeError, match=r"Create an instance: History\(\.\.\.\)"):
        model.fit(X, Y, callbacks=[keras.callbacks.History], verbose=0)
    with pytest.raises(TypeError, match="Callback"):
        model.fit(X, Y, callbacks=["early stopping"], verbose=0)


def test_sequential_rejects_what_is_not_a_layer() -> None:
    with pytest.raises(ValueError, match="expected a layer"):
        keras.Sequential([3])
    with pytest.raises(ValueError, match="instance"):
        keras.Sequential([layers.Dense])
    with pytest.raises(ValueError, match="two are called 'same'"):
        keras.Sequential([layers.Dense(1, name="same"), layers.Dense(1, name="same")])
    with pytest.raises(ValueError, match="first entry"):
        keras.Sequential([layers.Dense(1), layers.Input((3,))])
    with pytest.raises(ValueError, match="no layer to remove"):
        keras.Sequential().pop()


def test_get_layer() -> None:
    model = keras.Sequential([layers.Dense(1, name="first")], name="net")
    assert model.get_layer("first") is model.get_layer(index=0) is model.layers[0]
    with pytest.raises(ValueError, match=r"no layer 'firs'.*'first'"):
        model.get_layer("firs")
    with pytest.raises(ValueError, match="no layer at index 3"):
        model.get_layer(index=3)
    with pytest.raises(ValueError, match="either name or index"):
        model.get_layer()


def test_the_default_optimizer() -> None:
    model = keras.Sequential([layers.Dense(1)])
    if hasattr(keras.optimizers, "RMSprop"):
        model.compile(loss="mse")
        assert type(model.optimizer).__name__ == "RMSprop"
    else:
        with pytest.raises(ValueError, match=r"default optimizer, 'rmsprop'.*optimizer='adam'"):
            model.compile(loss="mse")


def test_a_call_that_does_not_return_a_tensor() -> None:
    class Net(keras.Model):
        def call(self, inputs):
            return 3

    model = Net()
    model.compile(optimizer="sgd", loss="mse")
    with pytest.raises(TypeError, match="call"):
        model.fit(X, Y, verbose=0)


def test_a_train_step_of_its_own_is_refused() -> None:
    class Net(keras.Model):
        def train_step(self, data):
            return {}

    with pytest.raises(NotImplementedError, match=r"train_step\(\) of a model of your own is not called"):
        Net().compile("sgd", "mse")


@pytest.mark.parametrize("name", ["batch_size", "epochs", "steps_per_epoch", "initial_epoch", "validation_freq"])
def test_numbers_that_no_machine_counts(name: str) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.zeros((4, 2)), np.zeros((4, 1))
    with pytest.raises(ValueError, match=rf"{name}: expected an integer of at most 2\*\*63 - 1, received {2**64}"):
        model.fit(x, y, validation_data=(x, y), verbose=0, **{name: 2**64})
    with pytest.raises(ValueError, match="batch_size: expected an integer of at most"):
        model.predict(x, batch_size=2**63)
