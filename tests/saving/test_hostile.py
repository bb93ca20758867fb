"""Files that want harm are refused with an error that says what is wrong, and execute nothing."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_models import X, network

import ravine
from ravine import layers

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    """The members of a good file."""
    file = io.BytesIO()
    network(ravine).save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes] | list[tuple[str, bytes]], **kwargs: Any) -> Path:
    with zipfile.ZipFile(path, "w", **kwargs) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return path


def refused(path: Path, match: str) -> None:
    with pytest.raises(ValueError, match=match) as caught:
        ravine.models.load_model(path)
    assert str(path) in str(caught.value)


def configured(members: dict[str, bytes], change: Callable[[dict], Any]) -> dict[str, bytes]:
    config = json.loads(members["config.json"])
    change(config)
    return {**members, "config.json": json.dumps(config).encode()}


def layer(config: dict, name: str) -> dict:
    return next(entry for entry in config["config"]["layers"] if entry["config"]["name"] == name)


# The archive.


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "assets/../../evil", "C:/evil", "..\\evil", "a\\..\\b"])
def test_members_that_lead_out(tmp_path: Path, members: dict, name: str) -> None:
    refused(write(tmp_path / "m.keras", {**members, name: b""}), "leads out of it")


def test_members_twice_and_too_many(tmp_path: Path, members: dict) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        write(tmp_path / "m.keras", [*members.items(), ("config.json", members["config.json"])])
    refused(tmp_path / "m.keras", "two members called 'config.json'")
    refused(write(tmp_path / "m.keras", {**members, **{str(i): b"" for i in range(10_000)}}), "10003 members")


def test_links_and_encryption(tmp_path: Path, members: dict) -> None:
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(write(tmp_path / "m.keras", members), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "m.keras", "is a link")
    content = bytearray(write(tmp_path / "m.keras", members).read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "m.keras").write_bytes(content)
    refused(tmp_path / "m.keras", "encrypted")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/zeros"])
def test_bombs(tmp_path: Path, members: dict, name: str) -> None:
    bomb = {**members, name: bytes(100 * 2**20)}
    refused(write(tmp_path / "m.keras", bomb, compression=zipfile.ZIP_DEFLATED), "claims to unpack")


def test_lying_sizes(tmp_path: Path, members: dict) -> None:
    """The directory says another length than there is."""
    path = write(tmp_path / "m.keras", members)
    content = path.read_bytes()
    true = len(members["config.json"])
    for claimed in (true - 7, true + 7):
        place = content.index(b"config.json", content.index(b"PK\x01\x02")) - 46
        lie = content[: place + 24] + claimed.to_bytes(4, "little") + content[place + 28 :]
        path.write_bytes(lie)
        refused(path, "not as long|damaged|JSON")


def test_truncated_and_exchanged_files(tmp_path: Path, members: dict) -> None:
    model = network(ravine)
    for suffix in (".keras", ".h5", ".weights.h5", ".safetensors"):
        path = tmp_path / f"whole{suffix}"
        (model.save if suffix in (".keras", ".h5") else model.save_weights)(path)
        content = path.read_bytes()
        for length in (0, 5, 100, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:length])
            with pytest.raises(ValueError, match=str(path)):
                model.load_weights(path)
    for content in (b"not a model", b"PK\x03\x04" + bytes(50), b"\x89HDF\r\n\x1a\n" + bytes(50), b"\x80\x04K\x01."):
        (tmp_path / "m.keras").write_bytes(content)
        refused(tmp_path / "m.keras", "damaged|not a kind of file")
    refused(write(tmp_path / "m.keras", {"metadata.json": b"{}"}), "has no 'config.json'")
    refused(write(tmp_path / "m.keras", {"config.json": members["config.json"]}), "has no 'model.weights.h5'")


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    model = network(ravine)
    for suffix, other in ((".keras", ".h5"), (".h5", ".keras")):
        model.save(tmp_path / f"a{suffix}")
        os.replace(tmp_path / f"a{suffix}", tmp_path / f"b{other}")
        twin = ravine.models.load_model(tmp_path / f"b{other}")
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    model.save_weights(tmp_path / "a.weights.h5")
    refused(tmp_path / "a.weights.h5", "weights only")


# The configuration.


def evil(model: dict, **changes: Any) -> None:
    layer(model, "out").update(changes)


CONFIGURATIONS: dict[str, tuple[Callable[[dict], Any], str]] = {
    "an unknown class": (lambda c: evil(c, class_name="Nope"), r"Unknown layer 'Nope'"),
    "a foreign module": (lambda c: evil(c, module="os", class_name="system"), r"Unknown layer 'system'"),
    "a module of Keras": (lambda c: evil(c, module="keras.utils", class_name="get_file"), r"Unknown layer 'get_file'"),
    "a registered name": (lambda c: evil(c, registered_name="builtins>eval", module=None), r"Unknown layer 'Dense'"),
    "a function": (
        lambda c: evil(c, module="builtins", class_name="function", config="eval"),
        r"Unknown layer 'eval'",
    ),
    "an optimizer as a layer": (
        lambda c: evil(c, module="keras.optimizers", class_name="SGD", config={}),
        r"expected the configuration of a layer",
    ),
    "a class name that is a list": (lambda c: evil(c, class_name=["Dense"]), r"name of a layer.*\['Dense'\]"),
    "a configuration that is a number": (lambda c: evil(c, config=3), r"Dense: expected a dictionary.*3"),
    "no configuration": (lambda c: layer(c, "out").pop("class_name"), r"Sequential 'net': .*layer"),
    "layers that are a number": (lambda c: c["config"].update(layers=3), r"Sequential 'net'"),
    "no layers": (lambda c: c["config"].pop("layers"), r"Sequential 'net'.*layers"),
    "units that are text": (lambda c: layer(c, "out")["config"].update(units="3"), r"Dense 'out'.*units"),
    "units that are negative": (lambda c: layer(c, "out")["config"].update(units=-1), r"Dense 'out'.*units"),
    "infinitely many units": (lambda c: layer(c, "out")["config"].update(units=np.inf), r"Dense 'out'.*units.*inf"),
    "an infinite shape": (
        lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, np.inf]),
        r"Sequential 'net': InputLayer .*infinity",
    ),
    "an unknown argument": (lambda c: layer(c, "out")["config"].update(evil=1), r"Dense 'out'.*evil"),
    "an unknown activation": (
        lambda c: layer(c, "out")["config"].update(activation="evil"),
        r"Dense 'out': Unknown activation 'evil'",
    ),
    "an initializer that is a list": (
        lambda c: layer(c, "out")["config"].update(kernel_initializer=[1]),
        r"Dense 'out'.*initializer",
    ),
    "too many units": (lambda c: layer(c, "out")["config"].update(units=10**12), r"too small for the weights"),
    "a shape that does not end": (
        lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, 10**15]),
        r"Sequential 'net': impossible shape",
    ),
    "an array of objects": (
        lambda c: layer(c, "out")["config"]["bias_initializer"].update(
            class_name="Constant",
            config={"value": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}}},
        ),
        r"Dense 'out': Constant: __numpy__: arrays of dtype 'object'",
    ),
    "code": (
        lambda c: layer(c, "out")["config"].update(
            activation={"class_name": "__lambda__", "config": {"value": ["", None, None]}}
        ),
        r"Dense 'out': __lambda__:.*safe_mode=False",
    ),
    "an unknown optimizer": (
        lambda c: c["compile_config"]["optimizer"].update(class_name="Evil"),
        r"Sequential 'net': Unknown .*'Evil'",
    ),
    "an unknown loss": (lambda c: c["compile_config"].update(loss="evil"), r"Sequential 'net': Unknown loss 'evil'"),
    "a compile argument": (lambda c: c["compile_config"].update(evil=1), r"Sequential 'net'.*evil"),
    "a build shape": (lambda c: layer(c, "out").update(build_config={"input_shape": "evil"}), r"Dense 'out'"),
    "something that is no model": (
        lambda c: (c.clear(), c.update(module="keras.layers", class_name="Dense", config={"units": 3})),
        r"describes a Dense",
    ),
    "plain data": (lambda c: (c.clear(), c.update(a=1)), r"describes a dict"),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_configurations(tmp_path: Path, members: dict, case: str) -> None:
    change, match = CONFIGURATIONS[case]
    refused(write(tmp_path / "m.keras", configured(members, change)), match)


def deep(levels: int, opening: str, closing: str) -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"[1]", "should be a dictionary"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"class_name": NaN}', "holds NaN"),
        (b'{"class_name": NaN}', "holds NaN"),
        (b'{"class_name": -Infinity}', "which is not a model"),
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (deep(300, '{"a":', "}"), "levels deep"),
        (deep(100_000, '{"a":', "}"), "deep"),
        (deep(100_000, "[", "]"), "deep"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_json(tmp_path: Path, members: dict, text: bytes, match: str) -> None:
    refused(write(tmp_path / "m.keras", {**members, "config.json": text}), match)


def test_a_class_name_that_is_a_list_in_a_graph() -> None:
    x = ravine.Input((2,))
    config = ravine.Model(x, layers.Dense(1)(x) * 2).get_config()
    config["layers"][1]["class_name"] = ["Dense"]
    with pytest.raises(ValueError, match=r"the name of a layer.*\['Dense'\]"):
        ravine.Model.from_config(config)


def test_models_within_models(tmp_path: Path, members: dict) -> None:
    config = json.loads(members["config.json"])
    for _ in range(100):
        config["config"]["layers"][1:] = [json.loads(json.dumps(config))]
    refused(write(tmp_path / "m.keras", {**members, "config.json": json.dumps(config).encode()}), "deep")


# HDF5.


def change_weights(members: dict[str, bytes], change: Callable[[Any], Any]) -> dict[str, bytes]:
    file = io.BytesIO(members["model.weights.h5"])
    with h5py.File(file, "r+") as opened:
        change(opened)
    return {**members, "model.weights.h5": file.getvalue()}


def replaced(make: Callable[[Any, str], Any]) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["layers/dense/vars/0"]
        make(file, "layers/dense/vars/0")

    return change


def virtual(file: Any, name: str) -> None:
    layout = h5py.VirtualLayout((4, 5), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 5), np.float32)
    file.create_virtual_dataset(name, layout)


def outside(file: Any, name: str) -> None:
    file.create_dataset(name, (4, 5), np.float32, external=[("/etc/passwd", 0, 80)])


def setitem(value: Any) -> Callable[[Any, str], None]:
    return lambda file, name: file.__setitem__(name, value)


WEIGHTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an external link": (replaced(setitem(h5py.ExternalLink("/etc/passwd", "/"))), "ExternalLink"),
    "a soft link": (replaced(setitem(h5py.SoftLink("/layers/dense/vars/1"))), "SoftLink"),
    "a link for a group": (
        lambda f: (f.move("layers/dense", "x"), f.__setitem__("layers/dense", h5py.SoftLink("/x"))),
        "SoftLink",
    ),
    "a virtual dataset": (replaced(virtual), "refers to other files"),
    "values in another file": (replaced(outside), "refers to other files"),
    "a shape that is absurd": (
        replaced(lambda f, n: f.create_dataset(n, (10**9, 10**9), np.float32, chunks=(10, 10))),
        "more than the whole model",
    ),
    "another shape": (replaced(setitem(np.zeros((5, 4), np.float32))), r"Dense 'first'.*\(4, 5\).*\(5, 4\)"),
    "a scalar": (replaced(setitem(np.float32(1))), r"Dense 'first'.*\(4, 5\).*\(\)"),
    "text": (replaced(setitem("evil")), "expected to hold numbers"),
    "objects": (replaced(lambda f, n: f.create_dataset(n, (2,), h5py.vlen_dtype(np.int32))), "hold numbers"),
    "complex numbers": (replaced(setitem(np.zeros((4, 5), np.complex64))), "hold numbers"),
    "nothing": (replaced(lambda f, n: f.create_dataset(n, data=h5py.Empty(np.float32))), "hold numbers"),
    "a group for numbers": (replaced(lambda f, n: f.create_group(n)), "is a group"),
    "numbers for a group": (
        lambda f: (f.__delitem__("layers/dense/vars"), f.__setitem__("layers/dense/vars", np.zeros(3))),
        "expected to be a group",
    ),
    "a weight too few": (lambda f: f.__delitem__("layers/dense/vars/1"), "expected 2 saved variables, received 1"),
    "a weight too many": (lambda f: f.__setitem__("layers/dense/vars/2", [1.0]), "received 3"),
    "no layer": (lambda f: f.__delitem__("layers/dense"), "received 0"),
    "other names": (lambda f: f.move("layers/dense/vars/0", "layers/dense/vars/evil"), "Dense 'first': .*no '0'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(tmp_path: Path, members: dict, case: str) -> None:
    change, match = WEIGHTS[case]
    path = write(tmp_path / "m.keras", change_weights(members, change))
    refused(path, match)
    model = network(ravine)
    before = model.get_weights()
    with pytest.raises(ValueError, match=match):
        model.load_weights(path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def legacy(change: Callable[[Any], Any], path: Path) -> Path:
    network(ravine).save(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


LEGACY: dict[str, tuple[Callable[[Any], Any], str]] = {
    "names that are numbers": (lambda f: f["model_weights"].attrs.__setitem__("layer_names", np.arange(3)), "names"),
    "names in a table": (
        lambda f: f["model_weights"].attrs.__setitem__("layer_names", np.array([[b"a"]])),
        "list of names",
    ),
    "a name that leads away": (
        lambda f: f["model_weights"].attrs.__setitem__("layer_names", [b"../x"]),
        "has no group for it",
    ),
    "a link": (
        lambda f: (
            f["model_weights"].__delitem__("first"),
            f["model_weights"].__setitem__("first", h5py.ExternalLink("/etc/passwd", "/")),
        ),
        "ExternalLink",
    ),
    "weights that are not there": (
        lambda f: f["model_weights/first"].attrs.__setitem__("weight_names", [b"a", b"b"]),
        "does not hold them",
    ),
    "a configuration that is a number": (lambda f: f.attrs.__setitem__("model_config", 3), "should be text"),
    "a configuration that is not JSON": (lambda f: f.attrs.__setitem__("model_config", "{"), "not valid JSON"),
    "a training configuration without optimizer": (
        lambda f: f.attrs.__setitem__("training_config", "{}"),
        "names no optimizer",
    ),
    "a training configuration with another loss": (
        lambda f: f.attrs.__setitem__(
            "training_config", f.attrs["training_config"].replace("mean_squared_error", "evil")
        ),
        "Unknown loss 'evil'",
    ),
    "too many units": (
        lambda f: f.attrs.__setitem__(
            "model_config", f.attrs["model_config"].replace('"units": 2', '"units": 200000000000')
        ),
        "too small for the weights",
    ),
}


@pytest.mark.parametrize("case", LEGACY)
def test_legacy_files(tmp_path: Path, case: str) -> None:
    change, match = LEGACY[case]
    refused(legacy(change, tmp_path / "m.h5"), match)


def test_nothing_in_a_file_is_imported_or_run(tmp_path: Path, members: dict) -> None:
    """A module that writes a file when it is imported, and a lambda that does when it is called."""
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'proof')!r}, 'w')")
    entry = {"module": "evil_module", "class_name": "Layer", "config": {}, "registered_name": "Layer"}
    import sys

    sys.path.insert(0, str(tmp_path))
    try:
        refused(
            write(tmp_path / "m.keras", configured(members, lambda c: layer(c, "out").update(entry))), "Unknown layer"
        )
    finally:
        sys.path.remove(str(tmp_path))
    assert not (tmp_path / "proof").exists()
    assert "evil_module" not in sys.modules

    proof = str(tmp_path / "proof")
    model = ravine.Sequential([layers.Input((4,)), layers.Lambda(lambda x: (os.mkdir(proof), x)[1])])
    (tmp_path / "proof").rmdir()
    with pytest.warns(UserWarning, match="byte code"):
        model.save(tmp_path / "m.keras")
    refused(tmp_path / "m.keras", "safe_mode=False")
    with pytest.warns(UserWarning, match="byte code"):
        model.save(tmp_path / "m.h5")
    refused(tmp_path / "m.h5", "safe_mode=False")
    assert not (tmp_path / "proof").exists()
