"""Real files with damage: bytes that flip, ends that are missing, configurations in which anything stands anywhere."""

import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
from saved_models import graph, network

import ravine

JUNK: list[Any] = [
    None, True, False, -1, 0, 1, 3, 2**31, 10**18, -(10**18), 0.5, 1e308, "", "relu", "__numpy__", "a" * 1000, "\x00",
    [], [[]], [None], [None, 4], [1, 2, 3], {}, {"a": 1}, {"class_name": "Dense", "config": {}},
    {"class_name": "function", "config": "relu"}, {"class_name": "__numpy__", "config": {"value": [1], "dtype": "O"}},
    {"class_name": "__keras_tensor__", "config": {}}, {"class_name": "Sequential", "config": {"layers": []}},
]  # fmt: skip


def originals(folder: Path) -> dict[str, bytes]:
    """Good files, by name."""
    models = {"stack": network(ravine, dropout=0.1), "graph": graph(ravine)}
    files = {}
    for name, model in models.items():
        for suffix in (".keras", ".h5", ".weights.h5", ".safetensors"):
            path = folder / f"{name}{suffix}"
            (model.save if suffix in (".keras", ".h5") else model.save_weights)(path)
            files[path.name] = path.read_bytes()
    return files


def damaged(name: str, content: bytes, rng: random.Random) -> bytes:
    """One file with one to three damages of a random kind."""
    kinds: list[Callable[[bytes, random.Random], bytes]] = [damaged_bytes]
    if name.endswith(".keras"):
        kinds += [damaged_archive_config, damaged_archive_config, damaged_archive_weights]
    elif name.endswith(".h5") and not name.endswith(".weights.h5"):
        kinds += [damaged_attributes]
    kind = rng.choice(kinds)
    for _ in range(rng.randint(1, 3)):
        try:
            content = kind(content, rng)
        except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile):
            return content  # so damaged already that no more damage can be done in this way
    return content


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    if not data:
        return content
    start = rng.randrange(len(data))
    length = min(rng.choice([1, 1, 1, 4, 8, 100]), len(data) - start)
    match rng.randrange(5):
        case 0:
            data[start : start + length] = rng.randbytes(length)
        case 1:
            data[start] ^= 1 << rng.randrange(8)
        case 2:
            del data[start : start + length]
        case 3:
            data[start:start] = data[start : start + length]
        case _:
            del data[start:]
    return bytes(data)


def damaged_config(config: Any, rng: random.Random) -> Any:
    """A configuration in which something stands where something else belongs, or is gone."""
    places = [(None, None)]
    todo = [config]
    while todo:
        part = todo.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else []
        places += [(part, key) for key in keys]
        todo += [part[key] for key in keys]
    part, key = rng.choice(places)
    if part is None:
        return rng.choice(JUNK)
    match rng.randrange(4):
        case 0:
            del part[key]
        case 1:  # something from elsewhere in the same file
            other, index = rng.choice(places[1:])
            part[key] = json.loads(json.dumps(other[index])) if index in other or isinstance(other, list) else None
        case _:
            part[key] = json.loads(json.dumps(rng.choice(JUNK)))
    return config


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def damaged_archive_config(content: bytes, rng: random.Random) -> bytes:
    members = _members(content)
    config = damaged_config(json.loads(members["config.json"]), rng)
    return _archive({**members, "config.json": json.dumps(config).encode()})


def damaged_archive_weights(content: bytes, rng: random.Random) -> bytes:
    members = _members(content)
    return _archive({**members, "model.weights.h5": damaged_bytes(members["model.weights.h5"], rng)})


def damaged_attributes(content: bytes, rng: random.Random) -> bytes:
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as opened:
        key = rng.choice(["model_config", "training_config"])
        if key in opened.attrs:
            opened.attrs[key] = json.dumps(damaged_config(json.loads(opened.attrs[key]), rng))
    return file.getvalue()


def load(path: Path) -> str:
    """Try to load a file as it would be used. Only ValueError and OSError may come out of that.

    Returns:
        ``loaded``, or the name of the error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if path.suffixes in ([".keras"], [".h5"]):
                ravine.models.load_model(path)
            else:
                (network(ravine, None, 0.1) if path.name.startswith("stack") else graph(ravine)).load_weights(path)
        except (ValueError, OSError) as error:
            assert str(path) in str(error), f"the error does not name the file: {error!r}"
            return type(error).__name__
    return "loaded"
