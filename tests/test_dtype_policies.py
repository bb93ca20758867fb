"""Policies, mixed precision and devices: names of Keras for what is always float32 on the CPU here."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import ravine as keras
from ravine import dtype_policies, mixed_precision


@pytest.mark.parametrize(
    "name", ["float32", "float16", "bfloat16", "float64", "int32", "mixed_float16", "mixed_bfloat16"]
)
def test_what_a_policy_says(name: str) -> None:
    policy = dtype_policies.DTypePolicy(name)
    theirs = pytest.importorskip("keras").DTypePolicy(name)
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(policy, attribute) == getattr(theirs, attribute)
    assert repr(policy) == repr(theirs)
    assert dtype_policies.serialize(policy) == pytest.importorskip("keras").dtype_policies.serialize(theirs)
    assert dtype_policies.deserialize(dtype_policies.serialize(policy)) == policy == name
    assert {policy: 1}[dtype_policies.get(policy.name)] == 1


def test_what_is_no_policy() -> None:
    with pytest.raises(ValueError, match="received 'float33'"):
        dtype_policies.get("float33")
    with pytest.raises(TypeError, match="received 3"):
        dtype_policies.DTypePolicy(3)
    with pytest.raises(ValueError, match="'Int4DTypePolicy' are not supported"):
        dtype_policies.get({"class_name": "Int4DTypePolicy", "config": {}})
    with pytest.raises(ValueError, match=r"Dense 'fc': DTypePolicy: expected .* received 'float33'"):
        keras.layers.Dense(1, dtype="float33", name="fc")
    with pytest.raises(ValueError, match="received 'float33'"):
        mixed_precision.set_global_policy("float33")


def test_mixed_precision_is_float32_and_says_so() -> None:
    with pytest.warns(UserWarning, match="everything is computed in float32; 'mixed_float16' changes nothing"):
        mixed_precision.set_global_policy(mixed_precision.Policy("mixed_float16"))
    assert mixed_precision.global_policy() == keras.config.dtype_policy() == keras.DTypePolicy("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mixed_precision.set_dtype_policy("float32")
        assert keras.layers.Dense(1).dtype_policy.compute_dtype == "float32"
    assert mixed_precision.LossScaleOptimizer is keras.optimizers.LossScaleOptimizer


@pytest.mark.filterwarnings("ignore:.*everything is computed in float32")
@pytest.mark.parametrize(
    "dtype", ["mixed_float16", "float64", np.float32, np.dtype("float16"), keras.DTypePolicy("float32")]
)
def test_layers_keep_what_they_were_given(tmp_path: Path, dtype: object) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype=dtype)])
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].dtype_policy == dtype_policies.get(dtype)
    assert loaded.layers[0].dtype == "float32"


def test_devices() -> None:
    for name in ("cpu", "CPU:0", "/cpu:0", "/device:CPU:0"):
        with keras.device(name):
            assert keras.ops.add(1.0, 1.0) == 2
    for name in ("gpu", "gpu:0", "cpu:1", "tpu", None):
        with pytest.raises(ValueError, match="there is one device, 'cpu'"):
            keras.device(name)
