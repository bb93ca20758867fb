"""Every layer beside its Keras twin: outputs, gradients, weights, shapes and configurations, from one table."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import ravine
from ravine import layers, ops
from ravine.ops import Trace

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # from Keras itself

RNG = np.random.default_rng(0)
FLAT = RNG.normal(size=(4, 6)).astype(np.float32)
SEQUENCE = RNG.normal(size=(4, 5, 6)).astype(np.float32)
IMAGE = RNG.normal(size=(2, 4, 3, 6)).astype(np.float32)
VOLUME = RNG.normal(size=(2, 4, 3, 5, 2)).astype(np.float32)
INDICES = np.array([[1, 0, 3], [2, 3, 0]], np.int32)
STEPS = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 0]], bool)
PAIR = [FLAT, FLAT[::-1].copy()]


@dataclass
class Case:
    """A layer and what it is called on. With `random`, training mode has no twin to be compared with."""

    name: str
    x: Any
    kwargs: dict = field(default_factory=dict)
    call: dict = field(default_factory=dict)
    random: bool = False


def l2(library: ModuleType) -> Any:
    return library.regularizers.L2(0.01)


def dense(library: ModuleType) -> Any:
    return library.layers.Dense(3, name="inner")


# Functions among the arguments are called with the library.
CASES = [
    Case("Activation", FLAT, {"activation": "selu"}),
    Case("ActivityRegularization", FLAT, {"l1": 0.1, "l2": 0.2}),
    Case("Add", [FLAT, FLAT[:, :1], FLAT]),
    Case("Add", [SEQUENCE, SEQUENCE[:, 0]]),
    Case("AlphaDropout", FLAT, {"rate": 0.3, "noise_shape": (4, 1), "seed": 3}, random=True),
    Case("Average", [FLAT, 2 * FLAT, FLAT * FLAT]),
    Case("BatchNormalization", FLAT),
    Case("BatchNormalization", IMAGE, {"axis": 1, "momentum": 0.8, "epsilon": 0.01, "gamma_regularizer": l2}),
    Case("BatchNormalization", SEQUENCE, {"center": False, "beta_constraint": "non_neg"}),
    Case("BatchNormalization", SEQUENCE, {"scale": False}, {"mask": STEPS}),
    Case("CategoryEncoding", INDICES, {"num_tokens": 4}),
    Case("CategoryEncoding", INDICES, {"num_tokens": 4, "output_mode": "count"}),
    Case("CategoryEncoding", INDICES[:, :1], {"num_tokens": 4, "output_mode": "one_hot"}),
    Case("CategoryEncoding", INDICES, {"num_tokens": 4, "output_mode": "one_hot"}),
    Case("Concatenate", [FLAT, FLAT[:, :2], FLAT]),
    Case("Concatenate", [SEQUENCE, SEQUENCE[:, :2]], {"axis": 1}),
    Case("Cropping1D", SEQUENCE, {"cropping": (1, 2)}),
    Case("Cropping2D", IMAGE, {"cropping": ((1, 0), (0, 1))}),
    Case("Cropping2D", IMAGE, {"cropping": 1, "data_format": "channels_first"}),
    Case("Cropping3D", VOLUME, {"cropping": (1, 1, 2)}),
    Case("Dense", FLAT, {"units": 3, "activation": "tanh", "kernel_regularizer": l2, "bias_constraint": "non_neg"}),
    Case("Dense", IMAGE, {"units": 2, "use_bias": False, "activity_regularizer": l2}),
    Case("Dot", PAIR, {"axes": 1}),
    Case("Dot", PAIR, {"axes": -1, "normalize": True}),
    Case("Dot", [SEQUENCE, 2 * SEQUENCE], {"axes": (2, 2)}),
    Case("Dot", [SEQUENCE, SEQUENCE[:, :, :2]], {"axes": 1}),
    Case("Dot", [SEQUENCE, FLAT], {"axes": (2, 1)}),
    Case("Dropout", FLAT, {"rate": 0.3, "noise_shape": (4, 1), "seed": 3}, random=True),
    Case("ELU", FLAT, {"alpha": 0.5}),
    Case("EinsumDense", FLAT, {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c", "activation": "relu"}),
    Case("EinsumDense", SEQUENCE, {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}),
    Case("EinsumDense", SEQUENCE, {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"}),
    Case("EinsumDense", SEQUENCE, {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}),
    Case("EinsumDense", SEQUENCE, {"equation": "abc,bcd->ad", "output_shape": 3}),
    Case("EinsumDense", SEQUENCE, {"equation": "abc,bcd->abd", "output_shape": (5, 3), "bias_axes": "bd"}),
    Case("Embedding", INDICES, {"input_dim": 5, "output_dim": 3, "embeddings_regularizer": l2}),
    Case("Embedding", INDICES[:, 0], {"input_dim": 4, "output_dim": 2, "mask_zero": True}),
    Case("Flatten", IMAGE),
    Case("Flatten", IMAGE, {"data_format": "channels_first"}),
    Case("Flatten", FLAT[:, 0].copy()),
    Case("GaussianDropout", FLAT, {"rate": 0.3, "seed": 3}, random=True),
    Case("GaussianNoise", FLAT, {"stddev": 0.3, "seed": 3}, random=True),
    Case("GroupNormalization", FLAT, {"groups": 3, "beta_regularizer": l2}),
    Case("GroupNormalization", IMAGE, {"groups": 2, "epsilon": 0.01}),
    Case("GroupNormalization", IMAGE, {"groups": 2, "axis": 1, "scale": False}),
    Case("GroupNormalization", SEQUENCE, {"groups": -1, "center": False}),
    Case("Identity", SEQUENCE),
    Case("LayerNormalization", FLAT, {"gamma_constraint": "non_neg"}),
    Case("LayerNormalization", IMAGE, {"axis": [1, 3], "epsilon": 0.01}),
    Case("LayerNormalization", IMAGE, {"axis": (-1, -2), "center": False, "scale": False}),
    Case("LayerNormalization", IMAGE, {"axis": [1, -1]}),  # whose weights Keras orders by these numbers
    Case("LeakyReLU", FLAT),
    Case("Masking", np.where(STEPS[..., None], SEQUENCE, 7), {"mask_value": 7}),
    Case("Maximum", PAIR),
    Case("Minimum", PAIR),
    Case("Multiply", [FLAT, FLAT[:, :1], PAIR[1]]),
    Case("Normalization", FLAT, {"mean": [1, 2, 3, 4, 5, 6], "variance": [4, 4, 4, 1, 0, 1]}),
    Case("Normalization", IMAGE, {"axis": (1, 3)}),
    Case("Normalization", SEQUENCE, {"axis": None, "mean": 1.0, "variance": 4.0, "invert": True}),
    Case("PReLU", FLAT, {"alpha_initializer": "random_uniform", "alpha_constraint": "non_neg"}),
    Case("PReLU", IMAGE, {"shared_axes": [1, 2], "alpha_regularizer": l2}),
    Case("Permute", IMAGE, {"dims": (3, 1, 2)}),
    Case("RMSNormalization", SEQUENCE),
    Case("RMSNormalization", IMAGE, {"axis": [2, 3], "epsilon": 0.1}),
    Case("ReLU", FLAT, {"max_value": 1, "negative_slope": 0.1, "threshold": 0.5}),
    Case("RepeatVector", FLAT, {"n": 3}),
    Case("Rescaling", FLAT, {"scale": 0.5, "offset": -1.0}),
    Case("Rescaling", SEQUENCE, {"scale": [1, 2, 3, 4, 5, 6]}),
    Case("Reshape", SEQUENCE, {"target_shape": (-1, 3)}),
    Case("Softmax", FLAT),
    Case("Softmax", SEQUENCE, {"axis": 1}),
    Case("Softmax", SEQUENCE, {"axis": [1, 2]}),
    Case("Softmax", FLAT, {}, {"mask": FLAT > -0.5}),
    Case("SpatialDropout1D", SEQUENCE, {"rate": 0.3, "seed": 3}, random=True),
    Case("SpatialDropout2D", IMAGE, {"rate": 0.3, "data_format": "channels_first"}, random=True),
    Case("SpatialDropout3D", VOLUME, {"rate": 0.3}, random=True),
    Case("SpectralNormalization", FLAT, {"layer": dense, "power_iterations": 2}, random=True),
    Case("Subtract", PAIR),
    Case("TimeDistributed", SEQUENCE, {"layer": dense}),
    Case("UnitNormalization", SEQUENCE),
    Case("UnitNormalization", IMAGE, {"axis": (1, 2)}),
    Case("ZeroPadding1D", SEQUENCE, {"padding": 2}),
    Case("ZeroPadding2D", IMAGE, {"padding": ((1, 0), (0, 2))}),
    Case("ZeroPadding2D", IMAGE, {"padding": (1, 2), "data_format": "channels_first"}),
    Case("ZeroPadding3D", VOLUME, {"padding": 1}),
]
IDS = [f"{case.name}-{index}" for index, case in enumerate(CASES)]

ELSEWHERE = {
    "Input": "tests/layers/test_core_layers.py",
    "InputLayer": "tests/layers/test_core_layers.py",
    "InputSpec": "tests/layers/test_layer.py",
    "Layer": "tests/layers/test_layer.py",
    "Lambda": "tests/layers/test_lambda.py: functions are compared by what they compute",
    "Wrapper": "a base class; TimeDistributed and SpectralNormalization stand for it",
    "deserialize": "every case below goes through it",
    "serialize": "every case below goes through it",
}
FUNCTIONS = {"add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract"}
NOT_HERE = {
    "convolutions": """Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose Convolution1D
        Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose DepthwiseConv1D
        DepthwiseConv2D SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D UpSampling1D
        UpSampling2D UpSampling3D""",
    "pooling": """AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D
        AdaptiveMaxPooling2D AdaptiveMaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D
        AvgPool3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
        GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
        GlobalMaxPooling3D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D""",
    "recurrence and attention": """AdditiveAttention Attention Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRU
        GRUCell GroupQueryAttention LSTM LSTMCell MultiHeadAttention RNN ReversibleEmbedding SimpleRNN SimpleRNNCell
        StackedRNNCells""",
    "image augmentation": """AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix
        Equalization MaxNumBoundingBoxes MixUp Pipeline RandAugment RandomBrightness RandomColorDegeneration
        RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
        RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation
        RandomSharpness RandomShear RandomTranslation RandomZoom Resizing Solarization""",
    "text, audio and tables": """Discretization HashedCrossing Hashing IntegerLookup MelSpectrogram STFTSpectrogram
        StringLookup TextVectorization""",
    "layers of other frameworks": "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
}


@pytest.fixture(scope="module")
def keras() -> Iterator[ModuleType]:
    """Keras on JAX, which compiles without optimizing: what is compiled here runs once."""
    library = pytest.importorskip("keras")
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield library
    jax.config.update("jax_disable_most_optimizations", before)


def test_every_public_layer_has_a_case_or_a_reason(keras: ModuleType) -> None:
    public = {name for name in dir(keras.layers) if not name.startswith("_")}
    cases = {case.name for case in CASES}
    absent = {name for names in NOT_HERE.values() for name in names.split()}
    assert public - cases - set(ELSEWHERE) - FUNCTIONS - absent == set()
    assert {name for name in cases | set(ELSEWHERE) | FUNCTIONS if not hasattr(layers, name)} == set()
    assert {name for name in absent if hasattr(layers, name)} == set()


def made(library: ModuleType, case: Case, name: str = "case") -> Any:
    kwargs = {key: x(library) if callable(x) else x for key, x in case.kwargs.items()}
    return getattr(library.layers, case.name)(name=name, **kwargs)


def twins(keras: ModuleType, case: Case) -> tuple[Any, Any]:
    """The layer in both libraries, built, with the same weights, none of them special."""
    theirs, own = made(keras, case), made(ravine, case)
    shapes = shapes_of(case.x)
    if not theirs.built:
        theirs.build(shapes)
    own.build(shapes)
    weights = [RNG.uniform(0.5, 1.5, w.shape).astype(w.dtype) for w in theirs.weights]
    theirs.set_weights(weights)
    if hasattr(theirs, "finalize_state"):
        theirs.finalize_state()  # without which a Keras Normalization does not look at its weights
    own.set_weights(weights)
    return theirs, own


def shapes_of(x: Any) -> Any:
    return [tuple(part.shape) for part in x] if isinstance(x, list) else tuple(x.shape)


def plain(config: Any) -> Any:
    """Configurations with lists for tuples, as JSON has them."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items()}
    return [plain(value) for value in config] if isinstance(config, (list, tuple)) else config


def serialized(module: Any, layer: Any) -> dict:
    entry = plain(module.serialize(layer))
    if not layer.weights:
        entry.pop("build_config", None)  # which says nothing, and Keras does not always write it
    return entry


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_weights_shapes_and_configuration(keras: ModuleType, case: Case) -> None:
    theirs, own = twins(keras, case)
    assert [(w.name, w.shape) for w in own.weights] == [(w.name, w.shape) for w in theirs.weights]
    assert len(own.trainable_weights) == len(theirs.trainable_weights)
    assert own.supports_masking == theirs.supports_masking
    batched = [(None, *part.shape[1:]) for part in case.x] if isinstance(case.x, list) else (None, *case.x.shape[1:])
    expected, found = theirs.compute_output_shape(batched), own.compute_output_shape(batched)
    assert len(found) == len(expected)
    # EinsumDense leaves None for what it takes from the input.
    assert [b for b, a in zip(found, expected, strict=True) if a is not None] == [a for a in expected if a is not None]
    config, expected = serialized(layers, own), serialized(keras.layers, theirs)
    assert config == expected
    twin = keras.layers.deserialize(json.loads(json.dumps(config)))  # a copy: Keras takes some of them apart
    assert serialized(keras.layers, twin) == config
    assert serialized(layers, layers.deserialize(expected)) == config


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_outputs_and_gradients(keras: ModuleType, case: Case) -> None:
    theirs, own = twins(keras, case)
    for training in (False, True):
        if training and (case.random or "training" not in theirs._call_signature.parameters):
            continue
        y, gradients = keras_results(theirs, case, training)
        y_own, gradients_own = own_results(own, case, training)
        np.testing.assert_allclose(y_own, y, rtol=2e-5, atol=2e-6)
        for mine, expected in zip(gradients_own, gradients, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=2e-5)
    for mine, expected in zip(own.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)  # of state, such as moving averages


def coefficients(shape: tuple) -> np.ndarray:
    return np.cos(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)


def differentiable(case: Case) -> bool:
    return all(part.dtype == np.float32 for part in (case.x if isinstance(case.x, list) else [case.x]))


def keras_results(layer: Any, case: Case, training: bool) -> tuple[Any, list]:
    """Output, and gradients of a weighted sum of it (plus the layer's losses) by inputs and trainable weights."""
    import jax

    state = [w.value for w in layer.non_trainable_variables]
    takes = "training" in layer._call_signature.parameters
    mode = {"training": training} if takes else {}

    def loss(x: Any, weights: list) -> tuple:
        y, after, *_ = layer.stateless_call(weights, state, x, **case.call, **mode)
        return (y * coefficients(y.shape)).sum(), (y, after)

    weights = [w.value for w in layer.trainable_variables]
    if differentiable(case):
        gradient = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
        (_, (y, after)), gradients = gradient(case.x, weights)
    else:
        gradient = jax.jit(jax.value_and_grad(functools.partial(loss, case.x), has_aux=True))
        (_, (y, after)), gradients = gradient(weights)
    for variable, value in zip(layer.non_trainable_variables, after, strict=True):
        variable.assign(value)
    return y, jax.tree_util.tree_leaves(gradients)


def own_results(layer: Any, case: Case, training: bool) -> tuple[np.ndarray, list]:
    arrays = case.x if isinstance(case.x, list) else [case.x]
    trace = Trace()
    with trace:
        inputs = [
            trace.input(f"x{i}", (None, *x.shape[1:]), "float32" if x.dtype == np.float32 else "int32")
            for i, x in enumerate(arrays)
        ]
        extra = {key: trace.input(key, (None, *value.shape[1:]), "bool") for key, value in case.call.items()}
        y = layer(inputs if isinstance(case.x, list) else inputs[0], training=training, **extra)
        weight = trace.input("weight", (None, *y.shape[1:]))
        loss = ops.sum(ops.multiply(y, weight))
        wrt = [*(inputs if differentiable(case) else []), *layer.trainable_weights]
        gradients = trace.gradients(loss, wrt)
        outputs = [y if y.producer() is not None else trace.apply("copy", [y])]
    missing = [np.zeros(x.shape if x.shape[:1] != (None,) else (len(arrays[0]), *x.shape[1:])) for x in wrt]
    outputs += [g for g in gradients if g is not None]
    arrays = [*arrays, *case.call.values(), coefficients((len(arrays[0]), *y.shape[1:]))]
    program = trace.program([*inputs, *extra.values(), weight], outputs)
    values = program.run([np.ascontiguousarray(x, dtype=np.float32) for x in arrays])
    found = iter(values[1:])
    return values[0], [zero if g is None else next(found) for g, zero in zip(gradients, missing, strict=True)]


def test_functions(keras: ModuleType) -> None:
    for name in sorted(FUNCTIONS):
        arguments = {"axes": 1} if name == "dot" else {}
        own = getattr(layers, name)(PAIR, **arguments)
        np.testing.assert_allclose(own, getattr(keras.layers, name)(PAIR, **arguments), rtol=1e-5, atol=1e-6)
