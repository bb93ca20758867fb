"""MultiOptimizer: different optimizers for different variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

from ravine import _config
from ravine.optimizers.loss_scale_optimizer import LossScaleOptimizer
from ravine.optimizers.optimizer import Optimizer
from ravine.variable import Variable


class OptimizerMap(MutableMapping):
    """Optimizers by path of variable. A key is a path, or a regular expression that fits a whole path.

    Args:
        default_optimizer: for variables that no key fits.
        optimizer_map: a dictionary of optimizers.

    Raises:
        TypeError: for what is not an optimizer or a dictionary.
        ValueError: when a key is set twice, or several expressions fit one path.
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None):
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                f"OptimizerMap: expected `default_optimizer` to be an optimizer, not {default_optimizer!r}."
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"OptimizerMap: expected `optimizer_map` to be a dictionary, not {optimizer_map!r}.")
        self.default_optimizer = default_optimizer
        self._map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._map:
            return self._map[key]
        fitting = [pattern for pattern in self._map if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise ValueError(f"OptimizerMap: several keys fit the variable {key!r}: {fitting}.")
        return self._map[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap: expected a key to be a string, received {key!r}.")
        if key in self._map:
            raise ValueError(f"OptimizerMap: {key!r} has an optimizer already, {self._map[key]!r}.")
        self._map[key] = _single(optimizer)

    def __delitem__(self, key: str) -> None:
        del self._map[key]

    def __len__(self) -> int:
        return len(self._map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> dict:
        return {
            "default_optimizer": _config.serialize_keras_object(self.default_optimizer),
            "optimizer_map": _config.serialize_keras_object(self._map),
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> OptimizerMap:
        return cls(**{key: _config.deserialize_keras_object(value, custom_objects) for key, value in config.items()})


class MultiOptimizer(Optimizer):
    """Leaves every variable to the optimizer that a map names for it.

    For other learning rates alone, `learning_rate_multipliers` of any optimizer is simpler and keeps `learning_rate`.

    Args:
        optimizer_map: an `OptimizerMap`, or a function from a variable to an optimizer.
        loss_scale_factor: as in `Optimizer`; handed on to all of them.

    Raises:
        TypeError: when `optimizer_map` is neither of these.
        ValueError: when a variable's optimizer is not one, or one of those that wrap others.
        AttributeError: for `learning_rate`; there are several. They are logged as ``learning_rate_<optimizer name>``.
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ):
        if not callable(optimizer_map):
            raise TypeError(
                "MultiOptimizer: expected an OptimizerMap or a function from a variable to an optimizer, received "
                f"{type(optimizer_map).__name__}."
            )
        self._optimizers: list[Optimizer] = []
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in [*(optimizer_map[key] for key in optimizer_map), optimizer_map.default_optimizer]:
                self._include(optimizer)

    def _include(self, optimizer: Optimizer) -> None:
        if not any(optimizer is known for known in self._optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self._optimizers.append(optimizer)

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers: those of the map's keys, then the default."""
        return list(self._optimizers)

    @property
    def variables(self) -> list[Variable]:
        """Its own step count and learning rate (which is 0), then the variables of each optimizer."""
        return super().variables + [variable for optimizer in self._optimizers for variable in optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        raise AttributeError("A MultiOptimizer has no `learning_rate`; those of its `optimizers` have one each.")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError("A MultiOptimizer has no `learning_rate`; set it on one of its `optimizers`.")

    def learning_rate_logs(self) -> dict[str, float]:
        return {
            f"{key}_{optimizer.name}": rate
            for optimizer in self._optimizers
            for key, rate in optimizer.learning_rate_logs().items()
        }

    @property
    def loss_scale_factor(self) -> float | None:
        """The factor of the loss, for all optimizers alike."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self._optimizers:
            optimizer.loss_scale_factor = value

    def program_key(self) -> tuple:
        return (super().program_key(), *[optimizer.program_key() for optimizer in self._optimizers])

    def _make_slots(self, variables: list[Variable]) -> None:
        for optimizer, own in self._shares(variables):
            optimizer._ensure_built([variables[index] for index in own])

    def _shares(self, variables: list[Variable]) -> list[tuple[Optimizer, list[int]]]:
        """The optimizers with the indices of their variables, where they have any."""
        shares: dict[int, list[int]] = {}
        for index, variable in enumerate(variables):
            optimizer = _single(self._map(variable))
            self._include(optimizer)
            shares.setdefault(id(optimizer), []).append(index)
        return [(optimizer, shares[id(optimizer)]) for optimizer in self._optimizers if id(optimizer) in shares]

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        for optimizer, own in self._shares(variables):
            optimizer.apply([grads[index] for index in own], [variables[index] for index in own])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        variables = list(var_list)
        for optimizer, own in self._shares(variables):
            optimizer.finalize_variable_values([variables[index] for index in own])

    def get_config(self) -> dict:
        return {
            "optimizer_map": _config.serialize_keras_object(self._map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }


def _single(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ValueError(f"MultiOptimizer: expected a single optimizer for a variable, received {optimizer!r}.")
    return optimizer
