"""Small habits of Keras users, each of which once failed."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import ravine as keras
from ravine import layers, ops

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 40)


def compiled(optimizer="sgd", loss="sparse_categorical_crossentropy", **kwargs) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(optimizer, loss, **kwargs)
    return model


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_goes_on_with_the_state_of_the_optimizer(twin_of) -> None:
    model = compiled("adam")
    model.fit(X, Y, verbose=0, epochs=2)
    twin = twin_of(model)
    for each in (model, twin):
        each.fit(X, Y, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(twin.optimizer.variables) == len(model.optimizer.variables)


def test_a_copied_optimizer_keeps_its_exemptions_from_weight_decay() -> None:
    model = compiled(keras.optimizers.SGD(0.0, weight_decay=0.5))
    model.optimizer.exclude_from_weight_decay(model.layers[0].weights)
    twin = copy.deepcopy(model)
    assert [twin.optimizer._decay_of(weight) for weight in twin.weights] == [None, None]
    assert twin.optimizer._decay_of(model.weights[0]) == 0.5


def test_metrics_of_the_same_name_are_told_apart() -> None:
    weights = np.linspace(0, 1, 40)
    model = compiled(metrics=["accuracy"], weighted_metrics=["accuracy"])
    history = model.fit(X, Y, sample_weight=weights, verbose=0).history
    assert list(history)[:3] == ["accuracy", "loss", "weighted_accuracy"]
    assert model.metrics_names == ["loss", "accuracy", "weighted_accuracy"]
    assert len(model.evaluate(X, Y, sample_weight=weights, verbose=0)) == 3
    history = compiled(metrics=["accuracy", "accuracy"]).fit(X, Y, verbose=0).history
    assert list(history)[:3] == ["accuracy", "accuracy_1", "loss"]


def test_a_generator_that_is_used_up_ends_the_training() -> None:
    model = compiled()
    with pytest.warns(UserWarning, match=r"used up.*Training ends before epoch 2"):
        history = model.fit(((X, Y) for _ in range(2)), epochs=3, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning) as caught:
        history = model.fit(((X, Y) for _ in range(2)), epochs=3, steps_per_epoch=2, verbose=0)
    assert history.epoch == [0] and "used up" in str(caught[0].message)
    with pytest.raises(ValueError, match="used up"):
        model.fit(X, Y, epochs=2, verbose=0, validation_data=((X, Y) for _ in range(2)))


def test_an_ignored_class_may_be_out_of_range() -> None:
    model = compiled(loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=-1))
    assert np.isfinite(model.fit(X, np.where(Y == 0, -1, Y), verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="received -2"):
        model.fit(X, np.where(Y == 0, -2, Y), verbose=0)


def test_numpy_functions_take_variables() -> None:
    kernel = compiled().layers[0].kernel
    values = kernel.numpy()
    assert np.sum(kernel) == values.sum() and np.max(kernel) == values.max()
    np.testing.assert_array_equal(np.multiply(2, kernel), 2 * values)
    np.testing.assert_array_equal(np.maximum(kernel, 0, out=np.empty((4, 3), np.float32)), np.maximum(values, 0))


def test_scipy_sparse_matrices_become_dense() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    model = compiled()
    np.testing.assert_array_equal(model.predict(sparse.csr_matrix(X)), model.predict(X))
    model.fit(sparse.csr_matrix(X), Y, verbose=0)


def test_hints() -> None:
    model = compiled()
    with pytest.raises(ValueError, match=r"Is the batch axis missing\? x\[None\]"):
        model.predict(X[0], verbose=0)
    with pytest.raises(ValueError, match=r"need one more unit"):
        model.fit(X, Y + 1, verbose=0)
    with pytest.raises(ValueError) as caught:
        model.fit(X, Y + 5, verbose=0)
    assert "one more unit" not in str(caught.value)
    with pytest.raises(ValueError, match="steps_per_epoch: expected"):
        model.fit(X, Y, steps_per_epoch=0, verbose=0)
    with pytest.raises(ValueError, match=r"momentum.*nesterov"):
        keras.optimizers.SGD(speed=0.1)
    with pytest.raises(TypeError, match="batch size is not known"):
        keras.ops.cast(None, "float32")


class NotebookStream(io.StringIO):
    """Standard output of a Jupyter kernel, as far as `Progress` can tell."""

    encoding = "utf-8"


NotebookStream.__module__ = "ipykernel.iostream"


def test_rich_shows_nothing_of_its_own_in_a_notebook(monkeypatch) -> None:
    pytest.importorskip("rich")
    import rich.console

    from ravine.utils.progress import Progress

    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    monkeypatch.setattr(rich.console.Console, "_check_buffer", _no_jupyter(rich.console.Console._check_buffer))
    stream = NotebookStream()
    progress = Progress(10, stream=stream, interval=0.0)
    progress.update(5, {"loss": 0.5})
    progress.finish({"loss": 0.25}, done=10)
    assert stream.getvalue().count("\r") == 2 and stream.getvalue().count("\n") == 1
    monkeypatch.setattr("sys.stdout", stream)
    compiled().summary()
    assert "Total params: 15" in stream.getvalue()


def _no_jupyter(check):
    def checked(console):
        assert not console.is_jupyter
        return check(console)

    return checked


def test_the_bar_gives_way_to_the_numbers(monkeypatch) -> None:
    from ravine.utils import progress

    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(progress, "terminal_width", lambda stream: 80)
    stream = Terminal()
    bar = progress.Progress(1875, stream=stream, interval=0.0)
    bar.update(900, {"accuracy": 0.9123, "loss": 0.3142})
    line = stream.getvalue().split("\r")[-1]
    assert line.endswith("loss: 0.3142") and len(line) < 80
    unknown = progress.Progress(None, stream=stream, interval=0.0)
    unknown.finish(done=30)
    assert "30/30" in stream.getvalue()


class Share(keras.metrics.Metric):
    """The share of positive predictions, counted with `ops.size`."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None) -> None:
        self.total.assign_add(keras.ops.sum(y_pred))
        self.count.assign_add(keras.ops.cast(keras.ops.size(y_pred), "float32"))

    def result(self):
        return self.total / self.count


def test_ops_size_counts_the_batch_while_tracing() -> None:
    assert keras.ops.size(X) == 160
    history = compiled(metrics=[Share(name="share")]).fit(X, Y, verbose=0).history
    assert history["share"][0] == pytest.approx(1 / 3, rel=1e-5)


class Noise(layers.Layer):
    """Adds noise while training."""

    def call(self, inputs, training=False):
        return inputs + keras.random.normal(keras.ops.shape(inputs)) if training else inputs


def test_noise_of_a_users_layer_is_new_in_every_step() -> None:
    model = keras.Sequential([keras.Input((4,)), Noise()])
    model.compile("sgd", "mse")
    zeros = np.zeros((40, 4))
    with pytest.warns(UserWarning, match="no trainable weights"):
        first, second = (model.train_on_batch(zeros, zeros) for _ in range(2))
    assert 0 < first != second > 0
    assert keras.random.normal((2, 3)).shape == (2, 3)


class Rows(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple:
        return np.full((10, 1), index, np.float32), np.zeros((10, 1))


def test_validation_steps_take_the_same_batches_each_time() -> None:
    x = np.repeat(np.arange(10, dtype=np.float32), 10)[:, None]
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    for data in ((x, 0 * x), Rows()):
        history = model.fit(
            x, 0 * x, epochs=3, validation_data=data, validation_steps=2, verbose=0,
            validation_batch_size=10 if isinstance(data, tuple) else None,
        ).history  # fmt: skip
        assert history["val_loss"] == [0.5, 0.5, 0.5]


def test_steps_without_a_batch_size_divide_the_rows() -> None:
    model = compiled()
    assert model.predict(X, steps=4, verbose=0).shape == (40, 3)
    model.fit(X, Y, steps_per_epoch=3, validation_data=(X, Y), validation_steps=5, verbose=0)
    assert int(model.optimizer.iterations) == 3
    whole = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, steps=1, verbose=0) == pytest.approx(whole, rel=1e-6)


def test_logs_are_sorted() -> None:
    model = compiled(metrics=["accuracy"], weighted_metrics=["accuracy"])
    history = model.fit(X, Y, validation_data=(X, Y), verbose=0).history
    names = [name for name in history if name != "learning_rate"]
    assert names == sorted(names) and names[-1] == "weighted_accuracy"
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["accuracy", "loss", "weighted_accuracy"]


def test_text_is_refused_with_the_errors_of_keras() -> None:
    for kind in (ValueError, TypeError):
        with pytest.raises(kind, match="expected numbers"):
            compiled().fit(np.array([["a"] * 4] * 3), Y[:3], verbose=0)
    with pytest.raises(ValueError, match="expected a layer, received 'relu'"):
        keras.Sequential().add("relu")


def test_ops_between_layers_are_no_layers() -> None:
    x = keras.Input((4,), name="x")
    model = keras.Model(x, ops.relu(layers.Dense(3, name="d")(x) * 2.0))
    assert [layer.name for layer in model.layers] == ["x", "d"]
    assert len(model.operations) == 4
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "relu" in "".join(lines)


def test_a_lambda_as_metric_is_called_lambda() -> None:
    model = compiled(metrics=[lambda y_true, y_pred: ops.max(y_pred, axis=-1)])
    assert list(model.fit(X, Y, verbose=0).history)[:2] == ["lambda", "loss"]


def test_flat_targets_belong_to_single_columns() -> None:
    class Gap(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return ops.abs(y_true - y_pred)

    class Total(keras.metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.total = self.add_weight("total", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(ops.sum(ops.abs(y_true - y_pred)))

        def result(self):
            return self.total

    def gap(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", Gap(), metrics=[gap, Total(name="total"), "mae"])
    loss, *values = model.evaluate(X, X[:, 0], verbose=0)
    assert values == pytest.approx([loss, loss * len(X), loss], rel=1e-5)
    assert model.evaluate(X, X[:, :1], verbose=0) == [loss, *values]


def test_a_callback_list_made_before() -> None:
    seen: list[int] = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    model = compiled()
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=keras.callbacks.CallbackList([callback], add_history=True))
    assert seen == [0, 1] and len(history.history["loss"]) == 2


def test_the_name_of_a_weight_may_come_first() -> None:
    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight("scale", shape=[input_shape[-1]], initializer="ones")
            self.offset = self.add_weight("offset", (1,), "zeros")

        def call(self, x):
            return x * self.scale + self.offset

    layer = Scaled()
    np.testing.assert_array_equal(layer(X), X)
    assert [weight.name for weight in layer.weights] == ["scale", "offset"]


def test_a_loss_is_there_before_compile() -> None:
    model = keras.Sequential([layers.Dense(1)])
    assert model.loss is None
    model.compile("sgd", "mse")
    assert model.loss == "mse"


def test_metrics_added_to_those_of_the_model() -> None:
    class Watched(keras.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.mean = keras.metrics.Mean(name="mean")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            self.mean.update_state(y_pred)
            results["mean"] = self.mean.result()
            return results

    x = keras.Input((4,))
    model = Watched(x, layers.Dense(1)(x))
    model.compile("sgd", "mse", metrics=["mae"])
    values = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert values["mean"] == pytest.approx(model.predict(X, verbose=0).mean(), rel=1e-5)
    model.reset_metrics()
    at_once = model.compute_metrics(X, Y[:, None], model(X))
    assert [float(at_once[name]) for name in ("mae", "mean")] == pytest.approx(
        [values["mae"], values["mean"]], rel=1e-5
    )
