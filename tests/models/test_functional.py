"""Graphs of layers: Model(inputs, outputs)."""

import copy
import pickle
from types import ModuleType

import numpy as np
import pytest

import ravine
from ravine import Input, Model, Sequential, layers, ops

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(20, 3)).astype(np.float32), RNG.normal(size=(20, 4)).astype(np.float32)
Y1 = RNG.normal(size=(20, 1)).astype(np.float32)
Y2 = RNG.integers(0, 3, 20)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself


def two_by_two(library: ModuleType = ravine):
    """Two inputs, two outputs, a shared layer and a residual sum."""
    a, b = library.Input((3,), name="a"), library.Input((4,), name="b")
    left = library.layers.Dense(5, name="left", activation="tanh")(a)
    right = library.layers.Dense(5, name="right")(b)
    shared = library.layers.Dense(5, name="shared", activation="relu")
    joined = shared(left) + shared(right)
    one = library.layers.Dense(1, name="one")(joined)
    two = library.layers.Dense(3, name="two", activation="softmax")(joined)
    return library.Model([a, b], [one, two], name="net")


def weights() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.normal(0, 0.5, w.shape).astype(np.float32) for w in two_by_two().get_weights()]


def test_structure() -> None:
    model = two_by_two()
    assert type(model) is ravine.models.Functional and isinstance(model, Model)
    assert model.built and not model.compiled
    assert model.input_names == ["a", "b"] and model.output_names == ["one", "two"]
    assert model.input_shape == [(None, 3), (None, 4)] and model.output_shape == [(None, 1), (None, 3)]
    assert [x.shape for x in model.inputs] == [(None, 3), (None, 4)]
    assert [layer.name for layer in model.layers[:5]] == ["a", "b", "left", "right", "shared"]
    assert model.get_layer("shared").input is model.get_layer("left").output
    assert len(model.get_layer("shared")._inbound_nodes) == 2
    assert model.count_params() == 3 * 5 + 5 + 4 * 5 + 5 + 30 + 6 + 18


def test_calls() -> None:
    model = two_by_two()
    w = dict(zip([v.path for v in model.weights], model.get_weights(), strict=True))
    left, right = np.tanh(A @ w["left/kernel"]), B @ w["right/kernel"]
    joined = sum(np.maximum(x @ w["shared/kernel"], 0) for x in (left, right))
    for given in ([A, B], (A, B), {"b": B, "a": A}):
        one, two = model(given)
        np.testing.assert_allclose(one, joined @ w["one/kernel"], atol=1e-5)
        assert two.shape == (20, 3)
        np.testing.assert_allclose(model.predict(given, verbose=0)[0], one, atol=1e-6)
        np.testing.assert_allclose(model.predict_on_batch(given)[1], two, atol=1e-6)


@pytest.mark.parametrize("form", ["lists", "dicts"])
def test_training_is_keras(form: str) -> None:
    keras = pytest.importorskip("keras")
    results = []
    for library in (keras, ravine):
        model = two_by_two(library)
        model.set_weights(weights())
        loss, metrics = ["mse", "sparse_categorical_crossentropy"], [["mae"], ["accuracy"]]
        x, y, loss_weights, sample_weight = [A, B], [Y1, Y2], [0.5, 2.0], [np.arange(20.0), np.ones(20)]
        if form == "dicts":
            loss, metrics, loss_weights, y = (
                dict(zip(("one", "two"), part, strict=True)) for part in (loss, metrics, loss_weights, y)
            )
            x, sample_weight = {"a": A, "b": B}, None  # Keras takes no weights here
        model.compile(
            library.optimizers.SGD(0.1), loss=loss, metrics=metrics, weighted_metrics=metrics, loss_weights=loss_weights
        )
        history = model.fit(
            x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(x, y), sample_weight=sample_weight
        ).history
        history.pop("learning_rate", None)
        results.append((history, model.get_weights(), model.evaluate(x, y, verbose=0), model.predict(x, verbose=0)))
    (theirs, their_weights, *rest), (ours, our_weights, *own_rest) = results
    assert set(ours) == set(theirs)
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-4, err_msg=key)
    for own, expected in zip(our_weights, their_weights, strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-5)
    np.testing.assert_allclose(own_rest[0], rest[0], rtol=1e-4)
    for own, expected in zip(own_rest[1], rest[1], strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-5)


def test_outputs_without_a_loss_need_no_targets() -> None:
    x = Input((3,))
    a, b = layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)
    y = A[:, :1]
    for outputs in ([a, b], {"a": a, "b": b}):
        model = Model(x, outputs)
        with pytest.warns(UserWarning, match="the loss does not depend on b/kernel"):
            model.compile("sgd", {"a": "mse"}, metrics={"a": ["mae"]})
            histories = [
                model.fit(A, targets, sample_weight={"a": np.ones(len(A))}, epochs=1, verbose=0).history
                for targets in ({"a": y}, [y, None], {"a": y, "b": None}, {"a": y, "b": y})
            ]
        assert all(sorted(history) == ["a_loss", "a_mae", "learning_rate", "loss"] for history in histories)
        with pytest.raises(ValueError, match=r"output 'a': the loss '?\w+'? needs targets"):
            model.fit(A, {"b": y}, verbose=0)


def test_inputs_that_the_model_does_not_take_are_told() -> None:
    one, two = Input((1,), name="one"), Input((1,), name="two")
    for inputs in ([one, two], {"one": one, "two": two}):
        model = Model(inputs, layers.Dense(1)(layers.concatenate([one, two])))
        frame = {"one": A[:, 0], "two": A[:, 1], "three": A[:, 2]}
        with pytest.warns(UserWarning, match="x: the model does not take 'three'"):
            result = model.predict(frame, verbose=0)
        np.testing.assert_array_equal(result, model.predict([A[:, :1], A[:, 1:2]], verbose=0))


def test_order_of_layers_is_keras() -> None:
    keras = pytest.importorskip("keras")
    names = []
    for library in (keras, ravine):
        x = library.Input((4,), name="x")
        deep = library.layers.Dense(4, name="d3")(
            library.layers.Dense(4, name="d2")(library.layers.Dense(4, name="d1")(x))
        )
        skip = library.layers.Dense(4, name="skip")(x)
        y = library.Input((4,), name="y")
        late = library.layers.Dense(4, name="late")(y)
        out = library.layers.Dense(1, name="out")(deep + skip + late)
        side = library.layers.Dense(2, name="side")(skip)
        model = library.Model([y, x], [side, out])
        names.append([layer.name for layer in model.layers if "add" not in layer.name])
    assert names[0] == names[1]


def test_configurations_round_trip_and_load_in_keras() -> None:
    model = two_by_two()
    twin = Model.from_config(model.get_config())
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin([A, B])[1], model([A, B])[1])
    keras = pytest.importorskip("keras")
    x = Input((3,), name="x")
    h = layers.Dense(4, activation="relu")
    plain = Model(x, {"y": layers.Dense(2)(h(x)), "z": layers.Activation("tanh")(h(x))}, name="plain")
    theirs = keras.Model.from_config(plain.get_config())
    theirs.set_weights(plain.get_weights())
    ours = plain(A)
    for key, value in theirs(A).items():
        np.testing.assert_allclose(ours[key], value, atol=1e-6)
    back = ravine.models.Functional.from_config(theirs.get_config())
    back.set_weights(plain.get_weights())
    np.testing.assert_array_equal(back(A)["z"], ours["z"])


def test_a_model_from_the_middle_of_another() -> None:
    base = Sequential([Input((3,)), layers.Dense(8, activation="relu"), layers.Dense(5, name="code"), layers.Dense(1)])
    encoder = Model(base.input, base.get_layer("code").output)
    tail = Model(base.get_layer("code").output, base.output)
    np.testing.assert_allclose(tail(np.asarray(encoder(A))), base(A), atol=1e-6)
    assert encoder.layers[1] is base.layers[0]
    several = Model(base.inputs, [layer.output for layer in base.layers])
    assert [x.shape for x in several(A)] == [(20, 8), (20, 5), (20, 1)]


def test_nested_models_and_sharing() -> None:
    branch = Sequential([Input((3,)), layers.Dense(4, activation="relu")], name="branch")
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], layers.Dense(1)(branch(a) - branch(b)))
    assert len(model.trainable_weights) == 4
    model.compile("sgd", "mse")
    before = branch.get_weights()[0]
    model.fit([A, A[::-1]], Y1, verbose=0)
    assert not np.array_equal(before, branch.get_weights()[0])
    branch.trainable = False
    assert len(model.trainable_weights) == 2
    before = branch.get_weights()[0]
    model.fit([A, A[::-1]], Y1, verbose=0)
    np.testing.assert_array_equal(before, branch.get_weights()[0])


def test_modes() -> None:
    x = Input((3,))
    always = Model(x, layers.Dropout(0.5)(x, training=True))
    usual = Model(x, layers.Dropout(0.5)(x))
    assert (np.asarray(always(A)) == 0).any()
    np.testing.assert_array_equal(usual(A), A)
    assert (np.asarray(usual(A, training=True)) == 0).any()


def test_ops_on_descriptions() -> None:
    x = Input((3,))
    y = ops.concatenate([x[:, 1:], ops.square(ops.convert_to_tensor(x))], axis=-1)
    z = 2.0 * ops.tanh(y) - ops.mean(x, axis=-1, keepdims=True)
    model = Model(x, z)
    inner = np.concatenate([A[:, 1:], A**2], axis=-1)
    expected = 2 * np.tanh(inner) - A.mean(-1, keepdims=True)
    np.testing.assert_allclose(model(A), expected, atol=1e-6)
    twin = type(model).from_config(model.get_config())
    np.testing.assert_array_equal(twin(A), model(A))
    first = A[0]
    flags = Model(x, ops.cast(~(x == first) & (x > 0), "float32"))
    np.testing.assert_array_equal(flags(A), (first != A) & (A > 0))


def test_copies() -> None:
    model = two_by_two()
    model.compile("sgd", ["mse", None])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin([A, B])[0], model([A, B])[0])
        assert twin.layers[2] is not model.layers[2]
        assert Model(twin.inputs, twin.get_layer("shared").output)([A, B]).shape == (20, 5)
    deep = Sequential([Input((3,)), *[layers.Dense(3) for _ in range(300)]])
    np.testing.assert_array_equal(copy.deepcopy(deep)(A), deep(A))


def test_lists_and_dictionaries_of_one() -> None:
    x = Input((3,), name="x")
    y = layers.Dense(2)(x)
    model = Model(inputs=[x], outputs=[y])
    assert model.input_shape == (None, 3) and model.output_shape == (None, 2)
    np.testing.assert_array_equal(model.predict([A], verbose=0), model(A))
    named = Model({"x": x}, {"y": y})
    assert named.input_shape == (None, 3)
    np.testing.assert_array_equal(named.predict({"x": A}, verbose=0)["y"], model(A))
    np.testing.assert_array_equal(named.predict(A, verbose=0)["y"], model(A))


def test_subclassing_with_ends() -> None:
    class Net(Model):
        def __init__(self) -> None:
            x = Input((3,))
            super().__init__(inputs=x, outputs=layers.Dense(2)(x), name="mine")

    net = Net()
    assert net.name == "mine" and net.output_shape == (None, 2)
    net.compile("sgd", "mse")
    net.fit(A, np.zeros((20, 2)), verbose=0)


class Branching(Model):
    """A subclass with several outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = layers.Dense(1), layers.Dense(3, activation="softmax")

    def call(self, inputs):
        return {"one": self.one(inputs["a"]), "two": self.two(inputs["b"])}


def test_a_subclass_with_dictionaries() -> None:
    model = Branching()
    model.compile("sgd", {"one": "mse", "two": "sparse_categorical_crossentropy"}, metrics={"two": ["accuracy"]})
    history = model.fit({"a": A, "b": B}, {"two": Y2, "one": Y1}, epochs=2, verbose=0).history
    assert set(history) == {"loss", "one_loss", "two_loss", "two_accuracy", "learning_rate"}
    assert model.predict({"a": A, "b": B}, batch_size=7, verbose=0)["two"].shape == (20, 3)


def test_streams_of_structures() -> None:
    def batches():
        for start in range(0, 20, 5):
            yield (A[start : start + 5], B[start : start + 5]), (Y1[start : start + 5], Y2[start : start + 5])

    model, twin = two_by_two(), two_by_two()
    twin.set_weights(model.get_weights())
    for m in (model, twin):
        m.compile("sgd", ["mse", "sparse_categorical_crossentropy"])
    model.fit(batches(), verbose=0)
    twin.fit([A, B], [Y1, Y2], batch_size=5, shuffle=False, verbose=0)
    for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


def test_errors() -> None:
    a, b = Input((3,), name="a"), Input((4,), name="b")
    y = layers.Dense(2)(a)
    with pytest.raises(ValueError, match="depends on the input 'a', which is not among the inputs"):
        Model(b, y)
    with pytest.raises(TypeError, match=r"expected outputs that begin with keras\.Input"):
        Model(a, np.zeros(3))
    with pytest.raises(TypeError, match=r"Model\(inputs, outputs\)"):
        Model(a)
    with pytest.raises(ValueError, match="two are called 'same'"):
        Model(a, layers.Dense(1, name="same")(layers.Dense(1, name="same")(a)))
    with pytest.raises(TypeError, match="holds no values"):
        np.asarray(y)
    model = two_by_two()
    model.compile("sgd", ["mse", "sparse_categorical_crossentropy"])
    with pytest.raises(ValueError, match="the model has 2 inputs"):
        model.fit(A, [Y1, Y2], verbose=0)
    with pytest.raises(ValueError, match="missing: 'b'; not known: 'c'"):
        model.fit({"a": A, "c": B}, [Y1, Y2], verbose=0)
    with pytest.raises(ValueError, match=r"input 'b' of shape \(None, 4\), received shape \(None, 3\)"):
        model([A, A])
    with pytest.raises(ValueError, match="output 'two': SparseCategoricalCrossentropy"):
        model.fit([A, B], [Y1, Y2 + 7], verbose=0)
    model.compile("sgd", {"one": "mse", "three": "mse"})
    with pytest.raises(ValueError, match="loss names the output\\(s\\) 'three'"):
        model.fit([A, B], [Y1, Y2], verbose=0)
    model.compile("sgd", ["mse", None], metrics=["mae"])
    with pytest.raises(ValueError, match=r"metrics for 2 output\(s\) \(one, two\), received 1"):
        model.fit([A, B], [Y1, Y2], verbose=0)


def test_summary(capsys: pytest.CaptureFixture) -> None:
    two_by_two().summary()
    text = capsys.readouterr().out
    assert "Connected to" in text and "left, right" in text and "(None, 3)" in text
    x = Input((3,), name="x")
    Model(x, layers.Dense(2)(layers.Dense(4)(x))).summary()
    text = capsys.readouterr().out
    assert "Connected to" not in text and "x (InputLayer)" in text and "26" in text
