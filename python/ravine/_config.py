"""Objects to configurations and back, in Keras' form.

An object becomes ``{"module", "class_name", "config", "registered_name"}``; a built layer adds ``"build_config"``. Only
classes that are known here can be made again: those of ravine, those that were registered, and those given as custom
objects. Nothing is imported and nothing is evaluated because a file says so.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine._lookup import close_matches
from ravine.tensor import standardize_dtype

_public: dict[type, tuple[str, str]] = {}
_by_name: dict[str, type] = {}
_custom: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}


def export(module: str, *classes: type, **aliases: type) -> None:
    """Make classes known under Keras' module name; `aliases` are older class names that files may hold."""
    for cls in classes:
        _public[cls] = (module, cls.__name__)
        _by_name[f"{module}>{cls.__name__}"] = cls
    for name, cls in aliases.items():
        _by_name[f"{module}>{name}"] = cls


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """A decorator that makes a class or function loadable under ``package>name``."""

    def register(obj: Any) -> Any:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(f"Cannot register {obj.__name__}: it has no get_config() method.")
        registered = f"{package}>{name or obj.__name__}"
        _custom[registered] = obj
        _registered_names[obj] = registered
        return obj

    return register


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of registered classes and functions; it may be changed."""
    return _custom


def get_registered_name(obj: Any) -> str:
    """The name under which `obj` was registered, or its own name."""
    return _registered_names.get(obj, obj.__name__)


def get_registered_object(name: str, custom_objects: dict | None = None, module_objects: dict | None = None) -> Any:
    """The class or function registered under `name`, or None."""
    for objects in (custom_objects, _custom, module_objects):
        if objects and name in objects:
            return objects[name]
    return None


@contextmanager
def custom_object_scope(custom_objects: dict[str, Any]) -> Iterator[None]:
    """Inside, the classes and functions given are known by their names."""
    saved = dict(_custom)
    _custom.update(custom_objects)
    try:
        yield
    finally:
        _custom.clear()
        _custom.update(saved)


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as plain data: numbers, strings, lists and dictionaries. Raises TypeError for what has no configuration."""
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        config = {"value": obj.tolist(), "dtype": obj.dtype.name}
        return {"class_name": "__numpy__", "config": config}
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(value) for value in obj])
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType)):
        return _function_config(obj)
    if inspect.isclass(obj) or not hasattr(obj, "get_config"):
        raise TypeError(f"Cannot serialize {obj!r} of type {type(obj).__name__}: it has no get_config() method.")
    cls = type(obj)
    module, class_name = _public.get(cls, (cls.__module__, cls.__name__))
    entry = {
        "module": module,
        "class_name": class_name,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": None if cls in _public else get_registered_name(cls),
    }
    build_config = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build_config is not None:
        entry["build_config"] = serialize_keras_object(build_config)
    return entry


def _function_config(function: Any) -> dict:
    if function.__name__ == "<lambda>":
        raise TypeError("Cannot serialize a lambda: give the function a name with `def` and register it.")
    return {
        "module": "builtins",
        "class_name": "function",
        "config": function.__name__,
        "registered_name": get_registered_name(function),
    }


def deserialize_keras_object(
    config: Any, custom_objects: dict | None = None, safe_mode: bool = True, kind: str = "class", module: str = ""
) -> Any:
    """The object that a configuration describes; plain data comes back as it is.

    Args:
        custom_objects: classes and functions by name, for what is neither ravine's nor registered.
        kind: what is expected, for error messages.
        module: the module to look in first when the configuration names none.

    Raises:
        ValueError: for a class or function that is not known.
    """
    if isinstance(config, (list, tuple)):
        return type(config)([deserialize_keras_object(value, custom_objects) for value in config])
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: deserialize_keras_object(value, custom_objects) for key, value in config.items()}
    class_name, inner = config["class_name"], config["config"]
    if class_name == "__numpy__":
        return np.array(inner["value"], dtype=inner["dtype"])
    if class_name == "DTypePolicy":
        return standardize_dtype(config)
    found = _known(config, custom_objects, module)
    if found is None:
        name = inner if class_name == "function" else class_name
        known = [key.split(">")[-1] for key in [*_by_name, *_custom, *(custom_objects or {})]]
        raise ValueError(
            f"Unknown {kind} {name!r}. {close_matches(str(name), known)} "
            f"Register it with register_keras_serializable, or pass it in custom_objects."
        )
    if class_name == "function":
        return found
    with custom_object_scope(custom_objects or {}):
        obj = found.from_config(inner) if hasattr(found, "from_config") else found(**inner)
        if config.get("build_config") and hasattr(obj, "build_from_config"):
            obj.build_from_config(config["build_config"])
    return obj


def _known(config: dict, custom_objects: dict | None, module: str) -> Any:
    name = config["config"] if config["class_name"] == "function" else config["class_name"]
    for key in (config.get("registered_name"), name):
        found = get_registered_object(key, custom_objects) if isinstance(key, str) else None
        if found is not None:
            return found
    if config["class_name"] == "function":
        from ravine import activations, losses, metrics

        for functions in (activations.functions, losses.functions, metrics.functions):
            if name in functions:
                return functions[name]
        return None
    for key in (f"{config.get('module')}>{name}", f"{module}>{name}"):
        if key in _by_name:
            return _by_name[key]
    if config.get("module") is None:
        matches = {cls for key, cls in _by_name.items() if key.endswith(f">{name}")}
        return matches.pop() if len(matches) == 1 else None
    return None
