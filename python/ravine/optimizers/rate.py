"""An optimizer's learning rate: a number, a schedule or a function, and its factors for single variables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ravine import _config, ops
from ravine.ops import tracing
from ravine.optimizers.schedules.schedule import LearningRateSchedule, evaluate
from ravine.variable import Variable, name_scope


class Rate:
    """Mixin of `Optimizer`: the learning rate."""

    name: str
    iterations: Any
    _iterations: Variable
    _layout: list[Any]
    _shared: dict[Any, Any]
    _revision: int

    def _start_rate(self, learning_rate: Any, multipliers: Mapping[Any, float] | None) -> None:
        self._rate_scale: Variable | None = None
        self._multipliers = _Multipliers(multipliers or {}, type(self).__name__)
        if isinstance(learning_rate, dict):
            learning_rate = _config.deserialize_keras_object(learning_rate, kind="schedule")
        if callable(learning_rate) and not isinstance(learning_rate, Variable):
            self._learning_rate: Any = learning_rate
            return
        rate = checked_rate(learning_rate, type(self).__name__)
        with name_scope(self.name):
            self._learning_rate = Variable(rate, dtype="float32", trainable=False, name="learning_rate")
        self._layout.append(self._learning_rate)

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a float32 variable, or with a schedule its value for the next step, a float32 scalar.

        Assigning a number changes the variable at once, even between the batches of a program that was traced before.
        Assigning a schedule or a function replaces whatever there was.

        Raises:
            TypeError: when a number is assigned and a schedule sets the rate; `learning_rate_scale` is the way to
                change that one.
        """
        return self._learning_rate if isinstance(self._learning_rate, Variable) else self._rate_at(self._step_count())

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        where = type(self).__name__
        if callable(value) and not isinstance(value, Variable):
            if isinstance(self._learning_rate, Variable):
                self._layout.remove(self._learning_rate)
            self._learning_rate = value
            self._revision += 1
            return
        if not isinstance(self._learning_rate, Variable):
            raise TypeError(
                f"{where}: `learning_rate` follows {self._learning_rate!r}, so a number cannot be assigned to it. "
                "Assign to `learning_rate_scale`, a factor on top of the schedule, or assign another schedule, or make "
                f"the optimizer with a number: {where}(learning_rate=0.01)."
            )
        with tracing.suspended():
            self._learning_rate.assign(_assigned_rate(value, where))

    @property
    def learning_rate_scale(self) -> float:
        """A factor on top of a schedule, 1 until it is assigned. It takes effect at once, also between the batches of a
        program that was traced before, so callbacks can lower a scheduled rate. It is saved as the last variable once
        it was assigned.

        Raises:
            TypeError: when it is assigned and the learning rate is a number, which can be assigned itself.
        """
        return 1.0 if self._rate_scale is None else float(self._rate_scale)

    @learning_rate_scale.setter
    def learning_rate_scale(self, value: Any) -> None:
        where = type(self).__name__
        if isinstance(self._learning_rate, Variable):
            raise TypeError(f"{where}: there is no schedule to scale; assign to `learning_rate` itself.")
        scale = checked_rate(value, where, "learning_rate_scale")
        with tracing.suspended():
            if self._rate_scale is None:
                with name_scope(self.name):
                    self._rate_scale = Variable(1.0, trainable=False, name="learning_rate_scale")
            self._rate_scale.assign(scale)

    def _last_variables(self) -> list[Variable]:
        return [] if self._rate_scale is None else [self._rate_scale]

    def _expect(self, count: int) -> None:
        scheduled = not isinstance(self._learning_rate, Variable)
        if scheduled and self._rate_scale is None and count == len(self.variables) + 1:  # type: ignore[attr-defined]
            self.learning_rate_scale = 1.0

    @property
    def lr(self) -> Any:
        raise AttributeError(f"{type(self).__name__} has no attribute 'lr'; it is called 'learning_rate'.")

    @lr.setter
    def lr(self, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}: assign to `learning_rate`; there is no `lr`.")

    def learning_rate_logs(self) -> dict[str, float]:
        """What training logs after an epoch: the rate that the last step was made with."""
        if isinstance(self._learning_rate, Variable):
            return {"learning_rate": float(self._learning_rate)}
        last = ops.convert_to_tensor(max(int(self._iterations) - 1, 0), "int32")
        return {"learning_rate": float(self._rate_at(last))}

    def _step_count(self) -> Any:
        """The number of steps made, as schedules are given it: an eager scalar, or in a trace a tensor."""
        if tracing.current() is not None:
            return ops.cast(self._iterations, "int32")
        return self._iterations.value

    def _rate_at(self, step: Any) -> Any:
        if isinstance(self._learning_rate, LearningRateSchedule):
            rate = evaluate(self._learning_rate, step)
        else:
            rate = self._learning_rate()
        if self._rate_scale is not None:
            rate = ops.multiply(self._rate_scale, rate)
        return rate if isinstance(rate, (Variable, tracing.SymbolicTensor)) else ops.convert_to_tensor(rate, "float32")

    def _scheduled(self, value: Any) -> Any:
        """A hyper-parameter that may be a schedule, at the present step."""
        if not isinstance(value, LearningRateSchedule):
            return value
        step = self._once("step", self._step_count)
        return self._once(("scheduled", id(value)), lambda: evaluate(value, step))

    def _rate_for(self, variable: Variable) -> Any:
        """The learning rate of one variable in this step; the same object for equal rates."""
        rate = self._learning_rate
        if not isinstance(rate, Variable):
            step = self._once("step", self._step_count)
            rate = self._once("rate", lambda: self._rate_at(step))
        factor = self._multipliers.factor(variable)
        return rate if factor is None else self._once(("rate", factor), lambda: ops.multiply(rate, factor))

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returns, made once per step."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def _rate_config(self) -> dict:
        rate = self._learning_rate
        rate = float(rate) if isinstance(rate, Variable) else _config.serialize_keras_object(rate)
        return {"learning_rate": rate}


class _Multipliers:
    """Factors of the learning rate by layer, variable, or regular expression for whole parts of a path."""

    def __init__(self, given: Mapping[Any, float], where: str) -> None:
        self._where = where
        self._entries: list[tuple[Any, float]] = []
        for key, factor in given.items():
            if not isinstance(key, (str, Variable)) and not hasattr(key, "variables"):
                raise TypeError(
                    f"{where}: expected the keys of `learning_rate_multipliers` to be layers, variables or regular "
                    f"expressions for variable paths, received {key!r}."
                )
            self._entries.append((key, checked_rate(factor, where, "learning_rate_multipliers")))

    def factor(self, variable: Variable) -> float | None:
        """That of the first entry that fits, or None."""
        for key, factor in self._entries:
            if _fits(key, variable):
                return factor
        return None

    def warn_unused(self, variables: Sequence[Variable]) -> None:
        """Warn about expressions that fit no variable: they are likely misspelt."""
        for key, _ in self._entries:
            if isinstance(key, str) and not any(_fits(key, variable) for variable in variables):
                warnings.warn(
                    f"{self._where}: {key!r} in `learning_rate_multipliers` fits none of the trained variables "
                    f"{[variable.path for variable in variables]}.",
                    stacklevel=4,
                )

    def config(self) -> dict[str, float]:
        """As a dictionary of strings: layers and variables by their names."""
        found: dict[str, float] = {}
        for key, factor in self._entries:
            if not isinstance(key, str):
                key = re.escape(key.path if isinstance(key, Variable) else key.name)
            found.setdefault(key, factor)
        return found


def _fits(key: Any, variable: Variable) -> bool:
    if isinstance(key, Variable):
        return key is variable
    if isinstance(key, str):
        return re.search(f"(?:^|/)(?:{key})(?:/|$)", variable.path) is not None
    return any(variable is held for held in key.variables)


def _assigned_rate(value: Any, where: str) -> float:
    """A rate that a callback assigns. Formulas of a schedule may undershoot 0 a little after their last step: that is
    told, but does not end a training."""
    rate = float(value) if np.ndim(value) == 0 and np.isreal(value) else np.nan
    if rate < 0:
        warnings.warn(f"{where}: the learning rate {rate:g} is below 0, so the loss will rise.", stacklevel=4)
        return rate
    return checked_rate(value, where)


def checked_rate(value: Any, where: str, what: str = "learning_rate") -> float:
    """A number of 0 or more. Raises ValueError for anything else."""
    try:
        rate = float(value)
    except (TypeError, ValueError):
        expected = "a number, a schedule or a function" if what == "learning_rate" else "a number"
        raise ValueError(f"{where}: expected `{what}` to be {expected}, received {value!r}.") from None
    if rate < 0 or np.isnan(rate):
        raise ValueError(f"{where}: expected `{what}` to be 0 or more, received {rate}.")
    return rate
