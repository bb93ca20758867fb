"""What diagnose measures, and that it leaves the model as it was."""

import numpy as np
import pytest
from nets import FEATURES, pictures, stack, standardized

import ravine as keras
from ravine import layers, ops, random
from ravine.diagnosis import LayerHealth, diagnose
from ravine.optimizers import SGD, Adam

X, Y = pictures(256)
XS = standardized(X)


def state_of(net: keras.Model) -> list[bytes]:
    """Everything that a step could change."""
    seeds = [
        generator.state.numpy().tobytes()
        for layer in net._flatten_layers()
        for generator in vars(layer).values()
        if isinstance(generator, random.SeedGenerator)
    ]
    variables = [*net.variables, *net.metrics_variables]
    if net.compiled:
        variables += [*net.optimizer.variables, *(v for m in net.metrics for v in m.variables)]
    values = [v.numpy().tobytes() for v in variables]
    return [*values, *seeds, repr(random.global_generator().bit_generator.state).encode()]


def noisy() -> keras.Sequential:
    keras.utils.set_random_seed(1)
    net = keras.Sequential(
        [
            layers.Input((FEATURES,)),
            layers.Dense(30, activation="relu", kernel_initializer="he_normal", kernel_regularizer="l2", name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.3),
            layers.Dense(20, name="second"),
            layers.LeakyReLU(name="leak"),
            layers.Dense(10, activation="softmax", name="out"),
        ]
    )
    net.compile(Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return net


def test_nothing_changes() -> None:
    net = noisy()
    net.fit(X, Y, epochs=1, verbose=0)
    before = state_of(net)
    diagnose(net, X, Y)
    assert state_of(net) == before


def test_training_goes_on_as_if_nothing_had_happened() -> None:
    def weights(look: bool) -> list[np.ndarray]:
        net = noisy()
        for _ in range(2):
            net.fit(X, Y, epochs=1, verbose=0)
            if look:
                diagnose(net, X, Y)
        return net.get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(weights(False), weights(True), strict=True))


def test_nothing_changes_when_it_fails() -> None:
    net = noisy()
    net.evaluate(X, Y, verbose=0)
    before = state_of(net)
    with pytest.raises(ValueError, match="labels are out of range"):
        diagnose(net, X, Y + 5)
    assert state_of(net) == before


def test_numbers_are_those_of_numpy() -> None:
    net = stack([7, 5], "tanh", "glorot_uniform", SGD(0.1))
    report = diagnose(net, X, Y)
    (w0, b0), (w1, b1), (w2, b2) = [[w.astype(np.float64) for w in layer.get_weights()] for layer in net.layers]
    h0 = np.tanh(X @ w0 + b0)
    h1 = np.tanh(h0 @ w1 + b1)
    z = h1 @ w2 + b2
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    dz = p - np.eye(10)[Y]
    dh1 = dz @ w2.T
    dh0 = (dh1 * (1 - h1**2)) @ w1.T
    size = len(X)

    def per_sample(gradient: np.ndarray) -> float:
        return float(np.sqrt((gradient**2).sum() / size))

    assert report.loss == pytest.approx(-np.log(p[np.arange(size), Y]).mean(), rel=1e-5)
    expected = [(h0, dh0), (h1, dh1), (p, dz)]
    for layer, (output, gradient) in zip(report.layers, expected, strict=True):
        assert layer.mean == pytest.approx(output.mean(), rel=1e-4, abs=1e-6)
        assert layer.std == pytest.approx(output.std(), rel=1e-4)
        assert layer.gradient_norm == pytest.approx(per_sample(gradient), rel=1e-4)
    assert report.layer("h0").saturated == pytest.approx((1 - h0**2 < 0.05).mean(), abs=1e-6)
    da0 = dh0 * (1 - h0**2) / size
    length = float(np.sqrt(((X.T @ da0) ** 2).sum() + (da0.sum(axis=0) ** 2).sum()))
    first = report.layer("h0")
    assert first.weight_norm == pytest.approx(np.sqrt((w0**2).sum() + (b0**2).sum()), rel=1e-5)
    assert first.weight_gradient_norm == pytest.approx(length, rel=1e-4)
    assert first.update_ratio == pytest.approx(0.1 * length / first.weight_norm, rel=1e-4)
    assert first.relative_gradient == pytest.approx(length / first.weight_norm, rel=1e-4)
    assert report.learning_rate == pytest.approx(0.1)


def test_dead_units_are_counted() -> None:
    net = stack([8], "relu", "he_normal")
    net.layers[0].bias.array[:3] = -1e3
    assert diagnose(net, X, Y).layer("h0").dead == pytest.approx(3 / 8)


def test_gradients_below_the_range_of_their_squares_are_measured() -> None:
    report = diagnose(stack([30] * 22, "sigmoid", "glorot_uniform"), XS, Y)
    lengths = [layer.gradient_norm for layer in report.layers if layer.gradient_norm]
    assert 1e-20 < lengths[0] < 1e-9
    ratios = np.array(lengths[1:20]) / np.array(lengths[:19])
    assert (ratios > 2).all()
    assert (ratios < 8).all()


def test_the_step_is_that_of_the_optimizer_with_its_state() -> None:
    net = noisy()
    net.fit(X, Y, epochs=1, batch_size=256, shuffle=False, verbose=0)
    report = diagnose(net, X, Y)
    kernel = net.get_layer("first").kernel
    before = [v.numpy() for v in (kernel, net.get_layer("first").bias)]
    net.fit(X, Y, epochs=1, batch_size=256, shuffle=False, verbose=0)
    after = [v.numpy() for v in (kernel, net.get_layer("first").bias)]
    moved = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True)))
    size = np.sqrt(sum((b**2).sum() for b in before))
    assert report.layer("first").update_ratio == pytest.approx(moved / size, rel=1e-3)


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)),
        SGD(0.1, gradient_accumulation_steps=4),
        SGD(0.1, loss_scale_factor=128.0),
        SGD(0.1, use_ema=True),
        keras.optimizers.LossScaleOptimizer(SGD(0.1)),
    ],
)
def test_the_size_of_a_step_with_all_kinds_of_optimizers(optimizer: SGD) -> None:
    net = stack([20], "relu", "he_normal", optimizer)
    report = diagnose(net, X, Y)
    plain = diagnose(stack([20], "relu", "he_normal", SGD(0.1)), X, Y)
    assert report.learning_rate == pytest.approx(0.1)
    assert report.healthy
    for layer, expected in zip(report.layers, plain.layers, strict=True):
        assert layer.update_ratio == pytest.approx(expected.update_ratio, rel=1e-4)
        assert layer.weight_gradient_norm == pytest.approx(expected.weight_gradient_norm, rel=1e-4)


def test_optimizers_with_several_rates_are_not_judged() -> None:
    sgd = SGD(1e-9)
    several = keras.optimizers.MultiOptimizer(lambda variable: sgd)
    for optimizer in (several, keras.optimizers.LossScaleOptimizer(several)):
        report = diagnose(stack([20], "relu", "he_normal", optimizer), X, Y)
        assert report.healthy
        assert report.learning_rate is None


def test_rows_of_the_report() -> None:
    report = diagnose(noisy(), X, Y)
    assert [(x.name, x.kind, x.activation) for x in report.layers] == [
        ("first", "Dense", "relu"),
        ("norm", "BatchNormalization", None),
        ("second", "Dense", None),
        ("leak", "LeakyReLU", "leaky_relu"),
        ("out", "Dense", "softmax"),
    ]
    assert all(isinstance(layer, LayerHealth) for layer in report.layers)
    assert report.samples == 256


def test_frozen_layers_are_shown_and_not_judged() -> None:
    net = stack([30] * 3, "relu", "he_normal")
    for layer in net.layers[:-1]:
        layer.trainable = False
    report = diagnose(net, X, Y)
    assert report.layer("h0").update_ratio is None
    assert report.layer("h0").weight_gradient_norm is None
    assert report.layer("out").update_ratio > 0
    assert report.healthy
    assert "h0 (Dense) frozen" in str(report)


def test_models_with_layers_in_layers() -> None:
    class Block(layers.Layer):
        def __init__(self, units: int, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name="inner")

        def call(self, x):
            return x + self.inner(x)

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [Block(FEATURES, name=f"block{i}") for i in range(2)]
            self.last = layers.Dense(10, name="last")

        def call(self, x, training=None):
            for block in self.blocks:
                x = block(x)
            return ops.softmax(self.last(x))

    report = diagnose(Net(), X, Y, loss="sparse_categorical_crossentropy", optimizer="sgd")
    names = [layer.name for layer in report.layers]
    assert names[:5] == ["inner", "block0", "inner", "block1", "last"]
    assert report.layers[-1].kind == "Net"
    assert report.healthy, report


def test_several_inputs_and_outputs() -> None:
    keras.utils.set_random_seed(0)
    wide, deep = keras.Input((50,), name="wide"), keras.Input((FEATURES - 50,), name="deep")
    hidden = deep
    for i in range(3):
        hidden = layers.Dense(30, activation="relu", kernel_initializer="he_normal", name=f"h{i}")(hidden)
    both = layers.Concatenate()([wide, hidden])
    digit = layers.Dense(10, activation="softmax", name="digit")(both)
    size = layers.Dense(1, activation="sigmoid", name="size")(hidden)
    net = keras.Model([wide, deep], [digit, size])
    net.compile("sgd", ["sparse_categorical_crossentropy", "mse"])
    x, y = [XS[:, :50], XS[:, 50:]], [Y, Y / 10.0]
    report = diagnose(net, x, y)
    assert report.healthy, report
    assert [layer.name for layer in report.layers][:3] == ["h0", "h1", "h2"]
    assert report.loss == pytest.approx(net.evaluate(x, y, batch_size=256, verbose=0)[0], rel=1e-5)
    report = diagnose(net, [XS[:, :50] * 100, XS[:, 50:]], [Y, Y * 1.0])
    assert [(v.problem, v.layers) for v in report.verdicts if "rate" not in v.problem] == [
        ("targets and output do not fit", ("size",)),
    ]


def test_activations_that_are_layers_are_part_of_their_dense_layer() -> None:
    net = keras.Sequential([layers.Dense(5, activation=layers.LeakyReLU(negative_slope=0.2), name="one")])
    report = diagnose(net, X, np.eye(5)[Y % 5], loss="mse")
    assert [(x.name, x.activation) for x in report.layers] == [("one", "leaky_relu")]
    assert report.learning_rate is None
    assert report.layers[0].update_ratio is None


def test_what_follows_a_layer_is_found_behind_dropout_and_flatten() -> None:
    keras.utils.set_random_seed(0)
    net = keras.Sequential([layers.Input((FEATURES // 10, 10)), layers.Flatten()])
    for i in range(12):
        net.add(layers.Dense(30, activation="relu", kernel_initializer="lecun_normal", name=f"h{i}"))
        net.add(layers.Dropout(0.1))
    net.add(layers.Dense(10, activation="softmax"))
    report = diagnose(net, XS.reshape(-1, FEATURES // 10, 10), Y, loss="sparse_categorical_crossentropy")
    assert [verdict.problem for verdict in report.verdicts] == ["wrong initializer"]
    assert report.verdicts[0].layers == tuple(f"h{i}" for i in range(12))


def test_a_model_is_needed() -> None:
    with pytest.raises(TypeError, match="diagnose: expected a model, received Dense"):
        diagnose(layers.Dense(1), X, Y)


def test_a_loss_is_needed() -> None:
    net = keras.Sequential([layers.Dense(1)])
    with pytest.raises(ValueError, match=r"diagnose\(\) needs a loss; pass loss='mse'"):
        diagnose(net, X, Y)


def test_another_loss_does_not_stay() -> None:
    net = stack([5], "relu", "he_normal")
    compiled = net._compiled
    diagnose(net, X, keras.utils.to_categorical(Y), loss="mse")
    assert net._compiled is compiled


def test_streams_of_batches() -> None:
    net = stack([5], "relu", "he_normal")
    assert diagnose(net, ((X[i : i + 64], Y[i : i + 64]) for i in (0, 64))).samples == 64


def test_samples_are_spread_over_the_rows() -> None:
    net = stack([5], "relu", "he_normal")
    order = np.argsort(Y)
    report = diagnose(net, X[order], Y[order], samples=100)
    assert report.samples == 100
    assert report.loss == pytest.approx(diagnose(net, X, Y).loss, rel=0.2)
    with pytest.raises(ValueError, match="samples: expected an integer of at least 2"):
        diagnose(net, X, Y, samples=1)


def test_text(monkeypatch: pytest.MonkeyPatch) -> None:
    healthy, sick = stack([5], "relu", "he_normal"), stack([5], "relu", "he_normal", SGD(100.0))
    assert "Healthy" in str(diagnose(healthy, X, Y))
    report = diagnose(sick, X, Y)
    for rich in (True, False):
        if not rich:
            monkeypatch.setitem(__import__("sys").modules, "rich.table", None)
        text = str(report)
        assert ("━" in text) == rich or "━" not in text
        for part in ("Diagnosis of 'net': 256 samples", "h0 (Dense)", "1. learning rate too high", "evidence:", "fix:"):
            assert part in text
    with pytest.raises(KeyError, match="no layer 'h7'"):
        report.layer("h7")


def test_figure(tmp_path) -> None:
    image = pytest.importorskip("matplotlib.image")
    report = diagnose(stack([20] * 4, "tanh", "glorot_uniform"), X, Y)
    figure = report.plot(tmp_path / "report.png")
    assert [axes.get_title() for axes in figure.axes][:2] == ["Activations", "Gradients"]
    assert np.unique(image.imread(tmp_path / "report.png")[..., :3].reshape(-1, 3), axis=0).shape[0] > 20


def test_callback(capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(0)
    net = stack([20], "relu", "he_normal")
    watch = keras.callbacks.Diagnosis(X, Y, every=2)
    net.fit(X, Y, epochs=4, verbose=0, callbacks=[watch])
    assert list(watch.reports) == [0, 2, 4]
    assert watch.reports[4].loss < watch.reports[0].loss
    assert capsys.readouterr().out == ""  # it was healthy throughout
    sick = stack([20], "relu", "he_normal", SGD(100.0))
    watch = keras.callbacks.Diagnosis(X, Y, stop=True)
    sick.fit(X, Y, epochs=4, verbose=0, callbacks=[watch])
    assert capsys.readouterr().out.startswith("Diagnosis before training:\n1. learning rate too high")
    assert len(sick.history.epoch) <= 1
    with pytest.raises(ValueError, match="expected `every`"):
        keras.callbacks.Diagnosis(X, Y, every=0)


def test_callback_changes_nothing() -> None:
    def weights(callbacks: list) -> list[np.ndarray]:
        net = noisy()
        net.fit(X, Y, epochs=2, verbose=0, callbacks=callbacks)
        return net.get_weights()

    watched = weights([keras.callbacks.Diagnosis(X, Y)])
    assert all(np.array_equal(a, b) for a, b in zip(weights([]), watched, strict=True))


def test_figure_of_layers_with_long_names() -> None:
    pytest.importorskip("matplotlib")
    net = keras.Sequential([layers.Dense(2, name="a_name_that_says_all_there_is_to_say")], name="n" * 200)
    figure = diagnose(net, X, X[:, :2], loss="mse").plot()
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["a_name_th…_is_to_say"]
    assert max(map(len, figure.get_suptitle().splitlines())) <= 90
