"""The public objects of one kind (losses, metrics, ...): found by name, described as configurations, made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ravine import _config, _lookup
from ravine._names import to_snake_case


class Registry:
    """What a module such as `ravine.losses` offers by name; `get`, `serialize` and `deserialize` of the module are the
    methods of its registry.

    A class goes by its own name and by that name in snake case, a function by its own name.

    Args:
        kind: what the objects are, for messages: ``"loss"``.
        module: the module's name in Keras, for configurations: ``"keras.losses"``.
        classes: their instances can be described and made again; each has a `get_config` method.
        functions: known by name, also in configurations.
        aliases: further names of classes and functions.
        prefer_functions: what a name means that a function and a class share.
        any_case: names are the same in upper and lower case.
    """

    def __init__(
        self,
        kind: str,
        module: str,
        classes: Iterable[type] = (),
        functions: Iterable[Callable] = (),
        aliases: Mapping[str, Any] | None = None,
        prefer_functions: bool = False,
        any_case: bool = False,
    ):
        classes = tuple(classes)
        self.kind = kind
        self.module = module
        self.functions: dict[str, Callable] = {function.__name__: function for function in functions}
        by_class = {name: cls for cls in classes for name in (to_snake_case(cls.__name__), cls.__name__)}
        tables = (by_class, self.functions) if prefer_functions else (self.functions, by_class)
        self.named: dict[str, Any] = {**tables[0], **tables[1], **(aliases or {})}
        self._any_case = {name.lower(): obj for name, obj in self.named.items()} if any_case else {}
        _config.export(module, *classes)

    def _find(self, name: str) -> Any:
        obj = self._any_case.get(name.lower())
        return obj if obj is not None else _lookup.find(name, self.named, self.kind)

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` stands for: a name, a configuration, a class (which is instantiated with its
        defaults), an instance or a function. None stays None.

        Raises ValueError for an unknown name, with close matches, and for what is none of these.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        if isinstance(identifier, str):
            custom = _config.get_registered_object(identifier)
            identifier = custom if custom is not None else self._find(identifier)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier):
            return identifier
        raise _lookup.not_an_identifier(identifier, self.kind)

    def serialize(self, obj: Any) -> Any:
        """The configuration of an instance or a function: plain data from which `deserialize` makes it again."""
        return _config.serialize_keras_object(obj)

    def deserialize(self, config: Any, custom_objects: dict | None = None) -> Any:
        """What `serialize` described. `custom_objects` has classes and functions by name, beside the known ones.

        Raises ValueError for what is not known.
        """
        if isinstance(config, str):
            with _config.custom_object_scope(custom_objects or {}):
                return self.get(config)
        name = config.get("class_name") if isinstance(config, dict) else None
        if isinstance(name, str) and name.lower() in self._any_case:
            config = {**config, "class_name": self._any_case[name.lower()].__name__}
        return _config.deserialize_keras_object(config, custom_objects, kind=self.kind, module=self.module)
