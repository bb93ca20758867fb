"""Objects to configurations and back, in Keras' form.

An object becomes ``{"module", "class_name", "config", "registered_name"}``; a built layer adds ``"build_config"``, a
model ``"compile_config"``. Only classes that are known here can be made again: those of ravine, those that were
registered, and those given as custom objects. Nothing is imported and nothing is evaluated because a file says so.
"""

from __future__ import annotations

import inspect
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine._lookup import close_matches
from ravine.dtype_policies import DTypePolicy
from ravine.tensor import KerasTensor, as_tensor

_public: dict[type, tuple[str, str]] = {}
_by_name: dict[str, type] = {}
_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
_unsafe = False
_local = threading.local()

_OTHER_HOMES = ("keras", "tensorflow", "tf_keras", "ravine")
_NUMBER_KINDS = "biuf"


class ConfigurationError(ValueError, TypeError):
    """A configuration that no object can be made of. Where Keras raises TypeError for one reason and ValueError for
    another, code that expects either catches this."""


# Which classes there are.


def export(module: str, *classes: type, **aliases: type) -> None:
    """Make classes known under Keras' module name; `aliases` are older class names that files may hold."""
    for cls in classes:
        _public[cls] = (module, cls.__name__)
        _by_name[f"{module}>{cls.__name__}"] = cls
    for name, cls in aliases.items():
        _by_name[f"{module}>{name}"] = cls


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """A decorator that makes a class or function loadable under ``package>name``.

    Args:
        package: the first part of the name.
        name: by default the name of the class or function.

    Raises:
        ValueError: for a class without ``get_config``.
        TypeError: when the parentheses of the decorator are missing.
    """
    if not isinstance(package, str):
        raise TypeError(f"register_keras_serializable() needs its parentheses; received {package!r} as `package`.")

    def register(obj: Any) -> Any:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(f"Cannot register {obj.__name__}: it has no get_config() method.")
        registered = f"{package}>{name or obj.__name__}"
        _registered[registered] = obj
        _registered_names[obj] = registered
        return obj

    return register


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of registered classes and functions; it may be changed."""
    return _registered


def get_registered_name(obj: Any) -> str:
    """The name under which `obj` was registered, or its own name."""
    return _registered_names.get(obj, obj.__name__)


def get_registered_object(name: Any, custom_objects: dict | None = None, module_objects: dict | None = None) -> Any:
    """The class or function called `name` among the custom objects (given here, by a scope, or registered), then in
    `module_objects`; or None."""
    for objects in (custom_objects, *reversed(_scopes()), _registered, module_objects):
        if objects and isinstance(name, str) and name in objects:
            return objects[name]
    return None


class CustomObjectScope:
    """Inside, the classes and functions given are known by their names; in an inner scope those of the outer one are
    known too. For one thread.

    Args:
        custom_objects: classes and functions by name.
    """

    def __init__(self, custom_objects: dict[str, Any] | None):
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _scopes().append(self.custom_objects)
        return self

    def __exit__(self, *args: Any) -> None:
        _scopes().pop()


custom_object_scope = CustomObjectScope


def _scopes() -> list[dict[str, Any]]:
    return _local.__dict__.setdefault("scopes", [])


# How code in files is treated, and objects that occur more than once.


def enable_unsafe_deserialization() -> None:
    """Let files bring Python code (lambdas) for the rest of the process. Only for files you wrote yourself."""
    global _unsafe
    _unsafe = True


def in_safe_mode() -> bool:
    """Whether code in configurations is refused: True unless ``safe_mode=False`` was said."""
    return not _unsafe and _local.__dict__.get("safe_mode") is not False


@contextmanager
def safe_mode_scope(safe_mode: bool) -> Iterator[None]:
    """Inside, `safe_mode` holds for all that is made; the outermost scope decides."""
    outer = _local.__dict__.get("safe_mode")
    _local.safe_mode = safe_mode if outer is None else outer
    try:
        yield
    finally:
        _local.safe_mode = outer


@contextmanager
def sharing() -> Iterator[None]:
    """Inside, configurations that have the same `shared_object_id` are made into one object."""
    outer = _local.__dict__.get("shared")
    _local.shared = {} if outer is None else outer
    try:
        yield
    finally:
        _local.shared = outer


def _shared() -> dict[Any, Any] | None:
    return _local.__dict__.get("shared")


# Objects to configurations.


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as plain data: numbers, strings, lists and dictionaries. Raises TypeError for what has no configuration.

    A lambda is written as its byte code, with a warning: loading it takes ``safe_mode=False``.
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        if obj.ndim == 0:
            return obj.item()
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        values = [serialize_keras_object(value) for value in obj]
        return tuple(values) if isinstance(obj, tuple) else values
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, slice):
        parts = {part: serialize_keras_object(getattr(obj, part)) for part in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, KerasTensor):
        return _tensor_config(obj)
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType)):
        return _function_config(obj)
    if inspect.isclass(obj) or not hasattr(obj, "get_config"):
        raise TypeError(f"Cannot serialize {obj!r} of type {type(obj).__name__}: it has no get_config() method.")
    return _object_config(obj)


def serialize_whole(obj: Any) -> Any:
    """`serialize_keras_object`, with a `shared_object_id` where one object stands in several places."""
    with sharing():
        config = serialize_keras_object(obj)
    numbered: dict[int, list[dict]] = {}
    todo = [config]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if "shared_object_id" in part:
                numbered.setdefault(part["shared_object_id"], []).append(part)
            todo.extend(part.values())
        elif isinstance(part, (list, tuple)):
            todo.extend(part)
    for places in numbered.values():
        if len(places) == 1:
            del places[0]["shared_object_id"]
    return config


def _object_config(obj: Any) -> dict:
    cls = type(obj)
    inner = obj.get_config()
    if not isinstance(inner, dict):
        raise TypeError(f"{cls.__name__}.get_config() should return a dictionary; it returned {inner!r}.")
    module, class_name = _public.get(cls, (cls.__module__, cls.__name__))
    entry = {
        "module": None if module == "__main__" else module,
        "class_name": class_name,
        "config": serialize_keras_object(inner),
        "registered_name": None if cls in _public else get_registered_name(cls),
    }
    for key in ("build_config", "compile_config"):
        method = getattr(obj, f"get_{key}", None)
        value = None if method is None else method()
        if value is not None:
            entry[key] = serialize_keras_object(value)
    shared = _shared()
    if shared is not None:
        number, _ = shared.setdefault(id(obj), (len(shared), obj))  # keeping obj keeps its id its own
        entry["shared_object_id"] = number
    return entry


def _tensor_config(tensor: KerasTensor) -> dict:
    history = getattr(tensor, "_keras_history", None)
    if history is not None:
        operation, *place = history
        history = [operation.name, *place]
    config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def _function_config(function: Any) -> dict:
    if function.__name__ == "<lambda>":
        from ravine.saving import byte_code

        warnings.warn(
            "A lambda is saved as Python byte code, which can be loaded only by the same version of Python and with "
            "safe_mode=False. Give the function a name with `def` and register it.",
            stacklevel=2,
        )
        return {"class_name": "__lambda__", "config": byte_code.dump(function)}
    return {
        "module": "builtins",
        "class_name": "function",
        "config": get_registered_name(function),
        "registered_name": "function",
    }


# Configurations to objects.


def deserialize_keras_object(
    config: Any,
    custom_objects: dict | None = None,
    safe_mode: bool = True,
    *,
    kind: str = "class",
    module: str = "",
    module_objects: dict | None = None,
) -> Any:
    """The object that a configuration describes; plain data comes back as it is.

    Args:
        custom_objects: classes and functions by name, for what is neither ravine's nor registered.
        safe_mode: False allows lambdas, that is code out of the configuration.
        kind: what is expected, for error messages.
        module: the module to look in first when the configuration names none.
        module_objects: more classes and functions by name, of the least precedence.

    Raises:
        ConfigurationError: a ValueError (and TypeError) for classes and functions that are not known and for
            configurations that their class refuses; it names the place.
    """
    with CustomObjectScope(custom_objects), safe_mode_scope(safe_mode):
        return _made(config, kind, module, module_objects)


def _made(config: Any, kind: str = "class", module: str = "", module_objects: dict | None = None) -> Any:
    if isinstance(config, (list, tuple)):
        return [_made(value) for value in config]
    if isinstance(config, str):
        found = get_registered_object(config) if any(_scopes()) else None
        return config if found is None else found
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _made(value) for key, value in config.items()}
    class_name, inner = config["class_name"], config["config"]
    if not isinstance(class_name, str):
        raise ConfigurationError(f"Expected the name of a {kind} as `class_name`, received {class_name!r}.")
    if class_name in _SPECIAL:
        with explained(class_name):
            return _SPECIAL[class_name]({} if inner is None else inner)
    found = _known(config, module, module_objects)
    if found is None:
        name = inner if class_name == "function" else class_name
        known = [key.split(">")[-1] for objects in (_by_name, _registered, *_scopes()) for key in objects]
        raise ConfigurationError(
            f"Unknown {kind} {name!r}. {close_matches(str(name), known)} "
            f"Register it with register_keras_serializable, or pass it in custom_objects."
        )
    if class_name == "function" or not isinstance(found, type):
        return found
    return _instance(found, config)


def _instance(cls: type, config: dict) -> Any:
    class_name, inner = config["class_name"], config["config"]
    inner = {} if inner is None else inner
    if not isinstance(inner, dict):
        raise ConfigurationError(f"{class_name}: expected a dictionary as `config`, received {_short(inner)}.")
    shared, number = _shared(), config.get("shared_object_id")
    if shared is not None and isinstance(number, int) and (cls, number) in shared:
        return shared[cls, number]
    name = inner.get("name")
    with explained(f"{class_name} {name!r}" if isinstance(name, str) else class_name):
        obj = cls.from_config(dict(inner)) if hasattr(cls, "from_config") else cls(**inner)
        build_config = config.get("build_config")
        if build_config and hasattr(obj, "build_from_config") and not getattr(obj, "built", False):
            obj.build_from_config(build_config)
        compile_config = config.get("compile_config")
        if compile_config and hasattr(obj, "compile_from_config"):
            obj.compile_from_config(compile_config)
    if shared is not None and isinstance(number, int):
        shared[cls, number] = obj
    return obj


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a ConfigurationError that says where."""
    try:
        yield
    except RecursionError:
        raise ConfigurationError(f"{where}: the configuration is nested too deeply.") from None
    except Exception as error:
        told = str(error) if isinstance(error, (ValueError, TypeError, NotImplementedError)) else repr(error)
        told = told if told.startswith(where) else f"{where}: {told}"
        raise ConfigurationError(told) from error


def _known(config: dict, module: str, module_objects: dict | None) -> Any:
    """The class or function that a configuration names. What was registered under its name comes first."""
    class_name = config["class_name"]
    if class_name == "function":
        return _known_function(config["config"], module_objects)
    registered = config.get("registered_name", class_name)
    found = get_registered_object(registered)
    if found is not None:
        return found
    home = config.get("module")
    if home is None and isinstance(registered, str) and "registered_name" in config:
        return get_registered_object(class_name)
    return _public_class(home, class_name, module) or get_registered_object(class_name, None, module_objects)


def _public_class(home: Any, class_name: str, module: str) -> Any:
    """A class of ravine, wherever in Keras or tf.keras its module is said to be."""
    if home is not None and (not isinstance(home, str) or home.split(".")[0] not in _OTHER_HOMES):
        return None
    for key in (f"{home}>{class_name}", f"{module}>{class_name}"):
        if key in _by_name:
            return _by_name[key]
    candidates = {key.split(">")[0]: cls for key, cls in _by_name.items() if key.split(">")[1] == class_name}
    if home is not None:
        parts = home.split(".")
        candidates = {m: cls for m, cls in candidates.items() if m == "keras" or m.split(".")[-1] in parts}
    classes = set(candidates.values())
    return classes.pop() if len(classes) == 1 else None


def _known_function(name: Any, module_objects: dict | None) -> Any:
    from ravine import activations, losses, metrics

    if not isinstance(name, str):
        return None
    found = get_registered_object(name)
    if found is None and ">" not in name:  # Keras up to 3.6 wrote registered functions without their package
        everything = {key: obj for objects in (_registered, *_scopes()) for key, obj in objects.items()}
        found = next((obj for key, obj in everything.items() if key.endswith(f">{name}")), None)
    for functions in (activations.functions, losses.functions, metrics.functions, module_objects or {}):
        if found is None:
            found = functions.get(name)
    return found


def _array(config: dict) -> np.ndarray:
    dtype = np.dtype(config["dtype"])
    if dtype.kind not in _NUMBER_KINDS:
        raise ValueError(f"arrays of dtype {config['dtype']!r} are not read.")
    return np.array(config["value"], dtype=dtype)


def _keras_tensor(config: dict) -> KerasTensor:
    tensor = KerasTensor(tuple(config["shape"]), config["dtype"])
    tensor.__dict__["_pre_serialization_keras_history"] = config["keras_history"]
    return tensor


def _slice(config: dict) -> slice:
    start, stop, step = (config[part] for part in ("start", "stop", "step"))
    if any(part is not None and not isinstance(part, int) for part in (start, stop, step)):
        raise ValueError(f"expected whole numbers, received {_short(config)}.")
    return slice(start, stop, step)


def _lambda(config: dict) -> Any:
    if in_safe_mode():
        raise ValueError(
            "the configuration brings Python code, which is not run by default. If you trust where it comes from, "
            "pass safe_mode=False, or call enable_unsafe_deserialization()."
        )
    from ravine.saving import byte_code

    return byte_code.load(config)


_SPECIAL: dict[str, Callable[[dict], Any]] = {
    "__numpy__": _array,
    "__tensor__": lambda config: as_tensor(_array(config)),
    "__keras_tensor__": _keras_tensor,
    "__bytes__": lambda config: config["value"].encode(),
    "__slice__": _slice,
    "__ellipsis__": lambda config: Ellipsis,
    "__lambda__": _lambda,
    "DTypePolicy": DTypePolicy.from_config,
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."
