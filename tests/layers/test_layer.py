"""The base class: building, modes, state, losses, configuration, and layers that users write."""

import copy
import pickle

import numpy as np
import pytest

from ravine import _config, activations, layers, metrics, ops
from ravine.ops import Trace
from ravine.tensor import Tensor

X = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)


class Scale(layers.Layer):
    """A layer as users write them."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="w")
        self.count = self.add_weight(initializer="zeros", dtype="int64", trainable=False, name="count")

    def call(self, inputs):
        self.count.assign_add(1)
        return inputs * self.w * self.factor


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [layers.Dense(3, name="a"), layers.Dropout(0.5)]
        self.norm = layers.BatchNormalization()

    def call(self, inputs, training=None):
        x = inputs
        for part in self.parts:
            x = part(x)
        return self.norm(x)


def test_call_on_arrays_builds_and_runs() -> None:
    layer = Scale()
    assert not layer.built
    result = layer(X)
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result, X * 2)
    np.testing.assert_allclose(layer(X[:1]), X[:1] * 2)
    np.testing.assert_allclose(layer(X.tolist()), X * 2)
    np.testing.assert_allclose(layer((X * 10).astype(np.uint8)), (X * 10).astype(np.uint8) * 2.0)
    assert int(layer.count) == 4
    assert layer.w.path == f"{layer.name}/w"


def test_attributes_that_change_take_effect() -> None:
    layer = Scale()
    layer(X)
    layer.factor = 3.0
    np.testing.assert_allclose(layer(X), X * 3)
    dense = layers.Dense(5, kernel_initializer="identity")
    dense(X)
    dense.activation = activations.relu
    np.testing.assert_allclose(dense(X), np.maximum(X, 0))


def test_one_plan_serves_all_batch_sizes() -> None:
    layer = Scale()
    for size in (1, 2, 4):
        layer(X[:size])
    assert len({id(plan) for plan in layer._programs.values()}) == 1


def test_calls_without_a_result_happen_once() -> None:
    class Counts(layers.Layer):
        def build(self, input_shape):
            self.count = self.add_weight(dtype="int64", trainable=False, name="count")

        def call(self, inputs):
            self.count.assign_add(1)

    layer = Counts()
    for _ in range(3):
        assert layer(X) is None
    assert int(layer.count) == 3


def test_what_needs_a_fixed_batch_gets_one() -> None:
    class Flat(layers.Layer):
        def call(self, inputs):
            return ops.reshape(inputs, (-1,))

    layer = Flat()
    assert layer(X).shape == (20,)
    assert layer(X[:2]).shape == (10,)
    np.testing.assert_array_equal(layer(X), X.ravel())


def test_weights_of_nested_layers() -> None:
    block = Block(name="block")
    block(X)
    names = ["kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"]
    assert [v.name for v in block.weights] == names
    assert block.weights[0].path == "block/a/kernel"
    assert [v.name for v in block.trainable_weights] == names[:4]
    assert block.count_params() == 5 * 3 + 3 + 4 * 3
    block.trainable = False
    assert block.trainable_weights == []
    assert [v.name for v in block.non_trainable_weights] == names
    assert not block.parts[0].trainable
    block.norm.trainable = True
    block.trainable = True
    assert [v.name for v in block.weights if v.trainable] == names[:4]


def test_get_and_set_weights() -> None:
    first, second = layers.Dense(3, name="fc1"), layers.Dense(3)
    for layer in (first, second):
        layer.build((None, 5))
    second.set_weights(first.get_weights())
    np.testing.assert_array_equal(first(X), second(X))
    with pytest.raises(ValueError, match=r"Dense 'fc1': set_weights\(\) expected 2 arrays, received 1"):
        first.set_weights([np.zeros((5, 3))])
    with pytest.raises(ValueError, match=r"'fc1/kernel' expected shape \(5, 3\), received shape \(3, 5\)"):
        first.set_weights([np.zeros((3, 5)), np.zeros(3)])
    with pytest.raises(ValueError, match=r"Dense 'new': count_params\(\) needs a built layer"):
        layers.Dense(3, name="new").count_params()


def test_training_is_inherited_and_may_be_overridden() -> None:
    class Tells(layers.Layer):
        def call(self, inputs, training=None):
            return inputs * 0 + (1.0 if training else 0.0)

    class Holds(layers.Layer):
        def __init__(self, inner_mode=None):
            super().__init__()
            self.inner = Tells()
            self.inner_mode = inner_mode

        def call(self, inputs):
            return self.inner(inputs, training=self.inner_mode)

    x = np.zeros((1, 1), np.float32)
    for arguments, expected in (({}, 0), ({"training": True}, 1), ({"training": False}, 0), ({"training": None}, 0)):
        assert Tells()(x, **arguments) == expected
        assert Holds()(x, **arguments) == expected
    assert Tells()(x, True) == 1
    assert Holds(inner_mode=False)(x, training=True) == 0
    assert Holds(inner_mode=True)(x) == 1


def test_subclass_that_always_drops() -> None:
    class MCDropout(layers.Dropout):
        def call(self, inputs, training=False):
            return super().call(inputs, training=True)

    layer, x = MCDropout(0.5, seed=1), np.ones((4, 100), np.float32)
    first, second = layer(x), layer(x)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert not np.array_equal(first, second)
    assert layer.get_config()["rate"] == 0.5


def test_losses() -> None:
    class Penalized(layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2")

        def call(self, inputs):
            self.add_loss(ops.sum(inputs) * 0.5)
            return self.dense(inputs)

    layer = Penalized()
    layer(X)
    assert [float(x) for x in layer.losses] == pytest.approx([X.sum() * 0.5, 0.1], rel=1e-5)
    layer(X[:1])
    assert float(layer.losses[0]) == pytest.approx(X[:1].sum() * 0.5, rel=1e-5)
    layer.trainable = False
    assert len(layer.losses) == 1
    trace = Trace()
    layer.trainable = True
    with trace:
        x = trace.input("x", (None, 5))
        layer(x)
        traced = layer.losses
    values = trace.program([x], traced).run([X])
    assert values == pytest.approx([X.sum() * 0.5, 0.1], rel=1e-5)


def test_activity_regularizer_is_divided_by_the_batch() -> None:
    layer = layers.Dense(1, kernel_initializer="ones", activity_regularizer=lambda x: ops.sum(x))
    layer(np.full((4, 2), 2.0))
    assert float(layer.losses[0]) == pytest.approx(4)


def test_several_inputs_and_outputs() -> None:
    class Both(layers.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = (a_shape, b_shape)

        def call(self, a, b=None, scale=1.0):
            return {"sum": a + b, "scaled": [a * scale, None]}

    layer = Both()
    result = layer(X, b=X, scale=3.0)
    np.testing.assert_allclose(result["sum"], 2 * X)
    np.testing.assert_allclose(result["scaled"][0], 3 * X)
    assert result["scaled"][1] is None
    assert layer.shapes == ((None, 5), (None, 5))

    class First(layers.Layer):
        def call(self, inputs):
            return inputs[0] - inputs[1]

    np.testing.assert_array_equal(First()([X, X]), np.zeros_like(X))


def test_metrics_are_found() -> None:
    class Watches(layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = metrics.Mean(name="level")

        def call(self, inputs):
            self.mean.update_state(inputs)
            return inputs

    layer = Watches()
    layer(X)
    assert [m.name for m in layer.metrics] == ["level"]
    assert layer.weights == []
    assert layer.mean.result() == pytest.approx(X.mean(), rel=1e-5)


def test_output_shapes() -> None:
    assert Scale().compute_output_shape((None, 5)) == (None, 5)
    assert Block().compute_output_shape((None, 5)) == (None, 3)
    assert layers.Dense(7).compute_output_shape((None, 2, 5)) == (None, 2, 7)


def test_config_of_own_layers() -> None:
    layer = Scale(3.0, name="s")
    config = layer.get_config()
    assert config["factor"] == 3.0
    twin = Scale.from_config(config)
    assert (twin.factor, twin.name) == (3.0, "s")

    class Odd(layers.Layer):
        def __init__(self, function):
            super().__init__()

    with pytest.raises(NotImplementedError, match=r"\['function'\] of __init__\(\) are not plain data"):
        Odd(len).get_config()


def test_serialization() -> None:
    dense = layers.Dense(3, activation=layers.LeakyReLU(negative_slope=0.2), kernel_regularizer="l2", name="d")
    dense.build((None, 4))
    entry = layers.serialize(dense)
    assert (entry["module"], entry["class_name"], entry["registered_name"]) == ("keras.layers", "Dense", None)
    assert entry["build_config"] == {"input_shape": (None, 4)}
    assert entry["config"]["dtype"] == {
        "module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None,
    }  # fmt: skip
    twin = layers.deserialize(entry)
    assert twin.kernel.shape == (4, 3)
    assert twin.get_config() == dense.get_config()
    with pytest.raises(ValueError, match=r"Unknown layer 'Scale'.*custom_objects"):
        layers.deserialize(layers.serialize(Scale()))
    assert layers.deserialize(layers.serialize(Scale(5.0)), custom_objects={"Scale": Scale}).factor == 5.0
    with pytest.raises(ValueError, match=r"Unknown layer 'Dens'. Did you mean 'Dense'"):
        layers.deserialize({"module": "keras.layers", "class_name": "Dens", "config": {}})


def test_registered_classes() -> None:
    @_config.register_keras_serializable(package="Mine")
    class Registered(Scale):
        pass

    entry = layers.serialize(Registered(4.0))
    assert entry["registered_name"] == "Mine>Registered"
    assert layers.deserialize(entry).factor == 4.0


def test_copies_have_weights_of_their_own() -> None:
    layer = layers.Dense(3)
    expected = layer(X)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin(X), expected)
        twin.kernel.assign(np.zeros((5, 3)))
    np.testing.assert_array_equal(layer(X), expected)


def test_names() -> None:
    from ravine._names import auto_name, clear_session, to_snake_case

    names = {"PReLU": "p_re_lu", "MaxPooling2D": "max_pooling2d", "RMSprop": "rm_sprop", "AdamW": "adam_w"}
    assert {name: to_snake_case(name) for name in names} == names
    clear_session()
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.ReLU().name] == ["dense", "dense_1", "re_lu"]
    clear_session()
    assert auto_name("Dense") == "dense"


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"'d': argument\(s\) not recognized: \{'unit': 3\}. Did you mean 'units'"):
        layers.Dense(3, unit=3, name="d")

    class Forgetful(layers.Layer):
        def __init__(self):
            self.x = 1

    with pytest.raises(RuntimeError, match="In Forgetful, call super"):
        Forgetful()
    with pytest.raises(NotImplementedError, match=r"Layer 'base': call\(\) is not implemented"):
        layers.Layer(name="base")(X)
    with pytest.raises(ValueError, match="expected tensors or arrays, received 'text'"):
        Scale()("text")
    with pytest.warns(UserWarning, match="everything is computed in float32"):
        layers.Dense(3, dtype="float16")

    class Branches(layers.Layer):
        def call(self, inputs):
            return inputs if ops.sum(inputs) > 0 else -inputs

    with pytest.raises(TypeError, match=r"no truth value.*ops.where"):
        Branches()(X)


def test_input_spec() -> None:
    class Strict(layers.Layer):
        def __init__(self, spec, **kwargs):
            super().__init__(name="strict")
            self.input_spec = spec

        def call(self, inputs):
            return inputs

    for spec, message in (
        (layers.InputSpec(ndim=3), "input of rank 3, received shape"),
        (layers.InputSpec(min_ndim=3), "input of rank 3 or more"),
        (layers.InputSpec(max_ndim=1), "input of rank 1 or less"),
        (layers.InputSpec(axes={-1: 7}), r"last dimension 7, received shape \(4, 5\)"),
        (layers.InputSpec(shape=(None, 7)), r"shape \(None, 7\)"),
    ):
        with pytest.raises(ValueError, match=f"Strict 'strict': expected {message}"):
            Strict(spec)(X)
    Strict(layers.InputSpec(shape=(None, 5), axes={1: 5}))(X)
