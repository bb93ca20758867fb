"""What a model does with files and configurations."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from ravine import _config
from ravine.models.trainer import Trainer


class SavingMethods(Trainer):
    """A trainer that can be written to files and made again from configurations."""

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model to a `.keras` file, training state included; see `ravine.saving.save_model`."""
        from ravine import saving

        saving.save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Write the weights to a file; see `ravine.saving.save_weights`."""
        from ravine import saving

        saving.save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Take the weights from a file; see `ravine.saving.load_weights`."""
        from ravine import saving

        saving.load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as text for `ravine.models.model_from_json`, without weights.

        Args:
            **kwargs: for `json.dumps`, such as ``indent=2``.
        """
        from ravine.saving import json_config

        return json_config.text(_config.serialize_whole(self), **kwargs)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was called with, as plain data; empty when it was not."""
        if not self.compiled:
            return {}
        serialize = _config.serialize_keras_object
        given = {**self._compile_arguments, "optimizer": self.optimizer}
        return {key: serialize(value) for key, value in given.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` describes. A model with a `compile` of its own, of other arguments, is left
        uncompiled, with a warning."""
        taken = inspect.signature(type(self).compile).parameters
        if type(self).compile is not Trainer.compile and not set(config) <= set(taken):
            warnings.warn(
                f"{self._label}: its compile() takes other arguments than Keras', so it was not called. Call it, or "
                "override compile_from_config().",
                stacklevel=2,
            )
            return
        self.compile(**_config.deserialize_keras_object(config))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A new model, with fresh weights, from what `get_config` returned."""
        with _config.CustomObjectScope(custom_objects):
            return cls(**config)
