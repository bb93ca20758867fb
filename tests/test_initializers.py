"""Initializers: distributions against their formulas, seeds, names, errors."""

import copy

import numpy as np
import pytest

from ravine import initializers, layers, random

RANDOM = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal",
          "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling"]  # fmt: skip


@pytest.mark.parametrize(
    ("initializer", "shape", "stddev"),
    [
        (initializers.HeNormal(0), (1000, 500), np.sqrt(2 / 1000)),
        (initializers.HeNormal(0), (3, 3, 64, 128), np.sqrt(2 / 576)),
        (initializers.LecunNormal(0), (1000, 500), np.sqrt(1 / 1000)),
        (initializers.GlorotNormal(0), (300, 100), np.sqrt(2 / 400)),
        (initializers.VarianceScaling(2, "fan_out", "untruncated_normal", 0), (100, 900), np.sqrt(2 / 900)),
        (initializers.VarianceScaling(2, "fan_avg", "uniform", 0), (300, 100), np.sqrt(2 / 200)),
        (initializers.RandomNormal(seed=0), (500, 500), 0.05),
        (initializers.TruncatedNormal(0, 1, 0), (500, 500), 0.8796),
    ],
)
def test_spread(initializer: initializers.Initializer, shape: tuple, stddev: float) -> None:
    values = initializer(shape)
    assert values.dtype == np.float32
    assert values.shape == shape
    assert values.std() == pytest.approx(stddev, rel=0.01)
    assert abs(values.mean()) < 0.01 * stddev + 3 * stddev / np.sqrt(values.size)


def test_bounds() -> None:
    sigma = np.sqrt(2 / 1000) / 0.87962566103423978
    assert np.abs(initializers.HeNormal(0)((1000, 500))).max() == pytest.approx(2 * sigma, rel=1e-3)
    assert np.abs(initializers.GlorotUniform(0)((300, 100))).max() == pytest.approx(0.122474, rel=1e-3)
    uniform = initializers.VarianceScaling(2, "fan_avg", "uniform", 0)((300, 100))
    assert np.abs(uniform).max() == pytest.approx(0.173205, rel=1e-3)
    plain = initializers.TruncatedNormal(1, 0.5, 0)((100, 100))
    assert plain.min() >= 0
    assert plain.max() <= 2
    narrow = initializers.RandomUniform(seed=0)((100, 100))
    assert -0.05 <= narrow.min() < narrow.max() < 0.05


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 4)])
def test_orthogonal(shape: tuple) -> None:
    w = initializers.Orthogonal(gain=2.0, seed=0)(shape).reshape(-1, shape[-1]).astype(float)
    product = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_fans() -> None:
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((7,)) == (7, 7)
    assert initializers.compute_fans((3, 5)) == (3, 5)
    assert initializers.compute_fans((3, 3, 64, 128)) == (576, 1152)
    assert initializers.compute_fans((4, 8, 16), [0, 1], [2]) == (32, 16)


def test_a_layer_says_where_its_inputs_lie() -> None:
    """The kernel of a transposed convolution is (height, width, outputs, inputs)."""
    found = initializers.get(initializers.HeNormal(seed=1), input_axes=(0, 1, 3), output_axes=(0, 1, 2))
    assert found((3, 3, 256, 16)).std() == pytest.approx(np.sqrt(2 / 144), rel=0.02)
    assert found.get_config() == {"seed": 1, "input_axes": (0, 1, 3), "output_axes": (0, 1, 2)}
    own = initializers.HeNormal(input_axes=0)
    assert initializers.get(own, input_axes=1) is own
    assert initializers.get("zeros", input_axes=1).get_config() == {}


def test_fixed_values() -> None:
    np.testing.assert_array_equal(initializers.Zeros()((2,)), [0, 0])
    np.testing.assert_array_equal(initializers.Ones()((2,), "int64"), [1, 1])
    np.testing.assert_array_equal(initializers.Constant(3)((1, 2)), [[3, 3]])
    np.testing.assert_array_equal(initializers.get(np.array([1, 2]))((2, 2)), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(initializers.Identity(2)((2, 3)), [[2, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("seed", [7, None])
@pytest.mark.parametrize("name", RANDOM)
def test_an_instance_repeats_itself(name: str, seed: int | None) -> None:
    initializer = getattr(initializers, name)(seed=seed)
    first = initializer((8, 8))
    np.testing.assert_array_equal(first, initializer((8, 8)))
    assert np.array_equal(first, getattr(initializers, name)(seed=seed)((8, 8))) == (seed is not None)
    assert not np.array_equal(first, getattr(initializers, name)(seed=8)((8, 8)))


def kernels(initializer: object, shapes: tuple = ((None, 4), (None, 4))) -> list[np.ndarray]:
    dense = [layers.Dense(4, kernel_initializer=initializer, name=f"d{i}") for i in range(len(shapes))]
    for layer, shape in zip(dense, shapes, strict=True):
        layer.build(shape)
    return [layer.kernel.numpy() for layer in dense]


def test_layers_that_share_an_instance() -> None:
    with pytest.warns(UserWarning, match=r"'d0/kernel' and 'd1/kernel' share one HeNormal .* Pass the name 'he_norm"):
        first, second = kernels(initializers.HeNormal())
    assert not np.array_equal(first, second)
    shared = initializers.HeNormal(seed=3)
    with pytest.warns(UserWarning, match="and start equal, with its seed 3") as caught:
        first, second, third = kernels(shared, ((None, 4),) * 3)
    assert len(caught) == 1
    np.testing.assert_array_equal(first, initializers.HeNormal(seed=3)((4, 4)))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)


def test_no_warning_where_nothing_starts_equal_by_accident() -> None:
    kernels(initializers.HeNormal(), ((None, 4), (None, 5)))
    kernels("he_normal")
    kernels(initializers.HeNormal)
    kernels(initializers.Ones())
    kernels(initializers.RandomNormal(seed=random.SeedGenerator(1)))
    layer = layers.Dense(4, kernel_initializer=initializers.HeNormal(seed=1))
    layer.build((None, 4))
    twin = layers.Dense.from_config(layer.get_config())
    twin.build((None, 4))
    np.testing.assert_array_equal(layer.kernel, twin.kernel)
    copy.deepcopy(layer).set_weights(layer.get_weights())


def test_global_seed() -> None:
    values = []
    for seed in (1, 1, 2):
        random.set_random_seed(seed)
        values.append((initializers.HeNormal()((3, 3)), np.random.rand(), random.draw_seed()))
    np.testing.assert_array_equal(values[0][0], values[1][0])
    assert values[0][1:] == values[1][1:]
    assert not np.array_equal(values[0][0], values[2][0])
    with pytest.raises(ValueError, match="non-negative integer, received 'a'"):
        random.set_random_seed("a")


def test_seed_generator_as_seed() -> None:
    source = random.SeedGenerator(5)
    initializer = initializers.RandomNormal(seed=source)
    first = initializer((4,))
    assert not np.array_equal(first, initializer((4,)))
    np.testing.assert_array_equal(first, initializers.RandomNormal(seed=random.SeedGenerator(5))((4,)))
    twin = initializers.deserialize(initializers.serialize(initializer))
    np.testing.assert_array_equal(first, twin((4,)))


def test_get_and_configs() -> None:
    for name in ("he_normal", "HeNormal", "normal", "uniform", "zero", "one", "OrthogonalInitializer"):
        assert initializers.get(name)((2, 2)).shape == (2, 2)
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.LecunNormal), initializers.LecunNormal)
    entry = initializers.serialize(initializers.HeNormal())
    assert entry == {
        "module": "keras.initializers",
        "class_name": "HeNormal",
        "config": {"seed": None, "input_axes": None, "output_axes": None},
        "registered_name": None,
    }
    for name in [*RANDOM, "Constant", "Zeros", "Ones", "Identity"]:
        initializer = getattr(initializers, name)()
        twin = initializers.deserialize(initializers.serialize(initializer))
        assert (type(twin), twin.get_config()) == (type(initializer), initializer.get_config())
    assert initializers.VarianceScaling(distribution="normal").get_config()["distribution"] == "truncated_normal"


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"Unknown initializer 'he_norml'. Did you mean 'he_normal'"):
        initializers.get("he_norml")
    with pytest.raises(ValueError, match=r"`mode` to be one of .* received 'fan'"):
        initializers.VarianceScaling(mode="fan")
    with pytest.raises(ValueError, match="`seed` to be an integer, a SeedGenerator or None, received 'a'"):
        initializers.HeNormal(seed="a")
    with pytest.raises(ValueError, match=r"positive `scale`, received -1"):
        initializers.VarianceScaling(scale=-1)
    with pytest.raises(ValueError, match=r"two or more dimensions, received \(3,\)"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ValueError, match=r"two dimensions, received \(3,\)"):
        initializers.Identity()((3,))
