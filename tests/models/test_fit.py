"""fit, evaluate, predict and the single-batch methods: what they do to the model and when callbacks run."""

import copy
import os
import pickle
import signal
import threading

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.uint8)


def classifier(**compile_arguments) -> keras.Sequential:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(8, "relu"), layers.Dense(2, "softmax")])
    arguments = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **compile_arguments}
    model.compile(**arguments)
    return model


class Recorder(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []


def _record(hook: str):
    def call(self, *args):
        self.calls.append(f"{hook} {args[0]}" if isinstance(args[0], int) else hook)

    return call


for _hook in [name for name in dir(keras.callbacks.Callback) if name.startswith("on_") and "on_batch" not in name]:
    setattr(Recorder, _hook, _record(_hook))


def test_fit_learns() -> None:
    keras.utils.set_random_seed(0)
    model = classifier(optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"])
    history = model.fit(X, Y, epochs=60, verbose=0)
    assert history is model.history
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.evaluate(X, Y, verbose=0)[1] > 0.9


def test_hooks_run_in_the_order_of_keras() -> None:
    recorder = Recorder()
    classifier().fit(X, Y, epochs=1, validation_data=(X, Y), callbacks=[recorder], verbose=0)
    steps = [f"on_train_batch_{moment} {step}" for step in range(3) for moment in ("begin", "end")]
    tests = [f"on_test_batch_{moment} {step}" for step in range(3) for moment in ("begin", "end")]
    assert recorder.calls == [
        "on_train_begin", "on_epoch_begin 0", *steps, "on_test_begin", *tests, "on_test_end", "on_epoch_end 0",
        "on_train_end",
    ]  # fmt: skip


def test_hooks_of_evaluate_and_predict() -> None:
    model = classifier()
    recorder = Recorder()
    model.evaluate(X, Y, batch_size=64, callbacks=[recorder], verbose=0)
    assert recorder.calls[0] == "on_test_begin"
    assert recorder.calls[-1] == "on_test_end"
    assert len(recorder.calls) == 6
    recorder = Recorder()
    model.predict(X, batch_size=64, callbacks=[recorder], verbose=0)
    assert recorder.calls[0] == "on_predict_begin"
    assert len(recorder.calls) == 6


def test_batch_hooks_do_not_change_the_result() -> None:
    results = []
    for callbacks in ([], [Recorder()]):
        keras.utils.set_random_seed(3)
        model = classifier()
        model.fit(X, Y, epochs=3, callbacks=callbacks, verbose=0)
        results.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def test_old_batch_hooks_are_called() -> None:
    seen = []

    class Old(keras.callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(batch)

    classifier().fit(X, Y, callbacks=Old(), verbose=0)
    assert seen == [0, 1, 2]


def test_stop_training_ends_after_the_batch_and_after_the_epoch() -> None:
    class Stop(keras.callbacks.Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1
            self.model.stop_training = batch == 1

    stop = Stop()
    history = classifier().fit(X, Y, epochs=5, callbacks=[stop], verbose=0)
    assert stop.batches == 2
    assert history.epoch == [0]
    assert len(history.history["loss"]) == 1


def test_initial_epoch_and_validation_freq() -> None:
    history = classifier().fit(X, Y, initial_epoch=2, epochs=6, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert history.epoch == [2, 3, 4, 5]
    assert len(history.history["val_loss"]) == 2
    history = classifier().fit(X, Y, epochs=3, validation_data=(X, Y), validation_freq=[1, 3], verbose=0)
    assert len(history.history["val_loss"]) == 2


def test_steps_per_epoch_goes_on_where_the_last_epoch_ended() -> None:
    model = classifier(optimizer=keras.optimizers.SGD(0.0))
    model.fit(X, Y, batch_size=10, epochs=4, steps_per_epoch=3, verbose=0)
    assert int(model.optimizer.iterations) == 12


def test_training_a_partial_last_batch_and_a_single_row() -> None:
    model = classifier()
    model.fit(X[:33], Y[:33], verbose=0)
    assert int(model.optimizer.iterations) == 2
    model.fit(X[:1], Y[:1], verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


def test_predict_gives_the_same_rows_for_any_batch_size() -> None:
    model = classifier()
    expected = model.predict(X, batch_size=70, verbose=0)
    assert expected.dtype == np.float32
    assert expected.shape == (70, 2)
    np.testing.assert_allclose(expected.sum(1), 1.0, rtol=1e-5)
    for batch_size in (1, 7, 32, 100):
        np.testing.assert_allclose(model.predict(X, batch_size=batch_size, verbose=0), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(X, batch_size=10, steps=2, verbose=0), expected[:20], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(X), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(model(X, training=False)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(model(X)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_the_quick_path_of_predict_agrees(dtype) -> None:
    model = classifier()
    x = np.arange(12).reshape(2, 6).astype(dtype)
    first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
    assert np.array_equal(first, second)
    wide = np.repeat(x, 2, axis=1)
    assert np.array_equal(model.predict(wide[:, ::2], verbose=0), first)


def test_predict_follows_the_weights() -> None:
    model = classifier()
    before = model.predict(X[:4], verbose=0)
    model.fit(X, Y, epochs=2, verbose=0)
    after = model.predict(X[:4], verbose=0)
    assert not np.allclose(before, after)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    np.testing.assert_allclose(model.predict(X[:4], verbose=0), 0.5)


def test_train_on_batch_and_test_on_batch_return_the_values_of_their_batch() -> None:
    model = classifier(optimizer=keras.optimizers.SGD(0.0), metrics=["accuracy"])
    first = model.train_on_batch(X[:10], Y[:10])
    second = model.train_on_batch(X[10:30], Y[10:30], return_dict=True)
    assert list(second) == ["accuracy", "loss"]
    assert first[0] != second["loss"]
    assert model.test_on_batch(X[10:30], Y[10:30]) == pytest.approx([second["loss"], second["accuracy"]], rel=1e-5)
    assert model.evaluate(X[10:30], Y[10:30], verbose=0) == pytest.approx(
        [second["loss"], second["accuracy"]], rel=1e-5
    )


def test_freezing_takes_effect_without_compiling_again() -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    frozen = model.layers[0]
    frozen.trainable = False
    before = [weight.numpy() for weight in frozen.weights]
    last = model.layers[1].get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, frozen.weights, strict=True))
    assert not np.array_equal(last, model.layers[1].get_weights()[0])
    frozen.trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], frozen.weights[0].numpy())


def test_freezing_between_batches_as_in_a_gan() -> None:
    model = classifier()
    for trainable in (True, False, True):
        model.layers[0].trainable = trainable
        before = model.layers[0].get_weights()[0]
        model.train_on_batch(X[:16], Y[:16])
        assert np.array_equal(before, model.layers[0].get_weights()[0]) is not trainable


def test_a_frozen_model_warns_and_changes_nothing() -> None:
    model = classifier()
    model.trainable = False
    before = model.get_weights()
    with pytest.warns(UserWarning, match="no trainable weights"):
        model.fit(X, Y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_an_interruption_keeps_the_history_and_the_model() -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    model = classifier()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, callbacks=[Interrupt()], verbose=0)
    assert model.history.epoch == [0, 1]
    assert len(model.history.history["loss"]) == 2
    model.fit(X, Y, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_ctrl_c_stops_inside_an_epoch() -> None:
    model = classifier()
    x, y = np.tile(X, (1000, 1)), np.tile(Y, 1000)
    model.fit(X, Y, verbose=0)
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=1, epochs=1000, verbose=0)
    timer.join()
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_a_loss_of_ones_own() -> None:
    def squared(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    x, y = X, X[:, :2] * 2
    results = []
    for loss in (squared, "mse"):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([layers.Dense(2)])
        model.compile(optimizer="sgd", loss=loss, metrics=[squared])
        history = model.fit(x, y, verbose=0).history
        results.append((history["loss"][0], history["squared"][0]))
    assert results[0] == pytest.approx(results[1])


def test_loss_weights_scale_the_loss() -> None:
    plain, doubled = classifier(), classifier(loss_weights=[2.0])
    doubled.set_weights(plain.get_weights())
    assert doubled.evaluate(X, Y, verbose=0) == pytest.approx(2 * plain.evaluate(X, Y, verbose=0), rel=1e-6)


def test_nan_and_infinite_inputs_are_trained_on() -> None:
    model = classifier()
    x = X.copy()
    x[0, 0] = np.nan
    x[1, 0] = np.inf
    with pytest.warns(UserWarning, match=r"the loss is nan\. The input holds NaN in row 0, column 0"):
        history = model.fit(x, Y, verbose=0)
    assert np.isnan(history.history["loss"][0])


def test_adding_and_removing_layers_after_training() -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (70, 2)
    model.pop()
    assert model.predict(X, verbose=0).shape == (70, 8)
    model.add(layers.Dense(3, "softmax"))
    assert model.predict(X[:3], verbose=0).shape == (3, 3)


def test_a_model_subclass() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = layers.Dense(8, "relu")
            self.dropout = layers.Dropout(0.2)
            self.out = layers.Dense(2, "softmax")

        def call(self, inputs, training=None):
            return self.out(self.dropout(self.hidden(inputs), training=training))

    model = Net()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, epochs=40, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.predict(X, verbose=0).shape == (70, 2)
    assert len(model.layers) == 3
    assert model.count_params() == 6 * 8 + 8 + 8 * 2 + 2


def test_a_model_inside_of_a_model() -> None:
    base = keras.Sequential([layers.Input((6,)), layers.Dense(8, "relu")])
    model = keras.Sequential([base, layers.Dense(2, "softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    base.trainable = False
    before = base.get_weights()
    model.fit(X, Y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, base.get_weights(), strict=True))
    assert len(model.trainable_weights) == 2
    assert len(model.weights) == 4


def test_copies_and_pickles_go_on_training() -> None:
    model = classifier(metrics=["accuracy"])
    model.fit(X, Y, verbose=0)
    expected = model.predict(X, verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(twin.predict(X, verbose=0), expected)
        assert twin.output_shape == model.output_shape
        twin.fit(X, Y, verbose=0)
        assert int(twin.optimizer.iterations) == 6
        assert not np.array_equal(twin.predict(X, verbose=0), expected)
    assert np.array_equal(model.predict(X, verbose=0), expected)


def test_training_a_gan() -> None:
    generator = keras.Sequential([layers.Input((2,)), layers.Dense(8, "relu"), layers.Dense(6)], name="generator")
    discriminator = keras.Sequential([layers.Input((6,)), layers.Dense(8), layers.Dense(1, "sigmoid")], name="critic")
    discriminator.compile("adam", loss="binary_crossentropy")
    gan = keras.Sequential([generator, discriminator])
    gan.compile("adam", loss="binary_crossentropy")
    for _ in range(3):
        noise = RNG.normal(size=(16, 2))
        fake = generator.predict(noise, verbose=0)
        before = generator.get_weights(), discriminator.get_weights()
        discriminator.trainable = True
        discriminator.train_on_batch(np.concatenate([X[:16], fake]), np.repeat([1.0, 0.0], 16))
        assert np.array_equal(before[0][0], generator.get_weights()[0])
        assert not np.array_equal(before[1][0], discriminator.get_weights()[0])
        before = generator.get_weights(), discriminator.get_weights()
        discriminator.trainable = False
        gan.train_on_batch(noise, np.ones(16))
        assert not np.array_equal(before[0][0], generator.get_weights()[0])
        assert np.array_equal(before[1][0], discriminator.get_weights()[0])


def test_changing_a_layer_between_two_predictions() -> None:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(3, name="out")])
    before = model.predict(X[:2], verbose=0)
    model.get_layer("out").activation = keras.activations.relu
    assert np.array_equal(model.predict(X[:2], verbose=0), np.maximum(before, 0))


def test_momentum_can_be_changed_during_training() -> None:
    def weights(momentum: float) -> np.ndarray:
        keras.utils.set_random_seed(0)
        model = classifier(optimizer=keras.optimizers.SGD(0.1, momentum=0.5))
        model.optimizer.momentum = momentum
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()[0]

    assert not np.array_equal(weights(0.5), weights(0.9))


def test_a_learning_rate_set_before_every_batch() -> None:
    class Zero(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.0 if batch else self.model.optimizer.learning_rate.numpy() * 2

    model = classifier(optimizer=keras.optimizers.SGD(0.5))
    history = model.fit(X, Y, callbacks=[Zero()], verbose=0)
    assert history.history["learning_rate"] == [0.0]
