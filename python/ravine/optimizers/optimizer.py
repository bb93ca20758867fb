"""The base class of optimizers: what happens around an update rule."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypedDict

import numpy as np

from ravine import _config, _lookup, ops
from ravine._names import auto_name
from ravine.ops import tracing
from ravine.optimizers import clipping
from ravine.optimizers.rate import Rate
from ravine.optimizers.schedules.schedule import LearningRateSchedule
from ravine.optimizers.state import State
from ravine.variable import Variable, name_scope

_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
_PLAIN = (bool, int, float, str, type(None))


class CommonButDecay(TypedDict, total=False):
    """What every optimizer takes besides its own arguments and `weight_decay`; see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None
    learning_rate_multipliers: Mapping[Any, float] | None
    decay_biases_and_norms: bool


class CommonArguments(CommonButDecay, total=False):
    """What every optimizer takes besides its own arguments; see `Optimizer`."""

    weight_decay: float | None


class Optimizer(Rate, State):
    """Changes variables along gradients.

    One step: average the gradients of several batches (`gradient_accumulation_steps`), clip them, decay the weights
    (``w -= learning_rate * weight_decay * w``), apply the update rule, update the moving averages of the weights
    (`use_ema`), apply the constraints, count the step. The trainer traces this into its program; on arrays it happens
    at once.

    Subclasses implement ``update_step(gradient, variable, learning_rate)``, and when they keep state per variable
    ``build(variables)``, which calls ``super().build(variables)`` and then `add_variable_from_reference` for each
    variable. `_get_variable_index` tells a variable's place in the order of `build`.

    Args:
        learning_rate: a non-negative number; a `schedules.LearningRateSchedule`, which the engine evaluates in every
            step; or a function without arguments, of which a number is a constant of the traced step, while what it
            computes from variables with `ravine.ops` is computed in every step.
        weight_decay: the factor of decoupled decay (Loshchilov & Hutter 2019).
        clipnorm: the largest length of each gradient.
        global_clipnorm: the largest length of all gradients together.
        clipvalue: the largest absolute value of a gradient's elements. Only one of the three may be given.
        use_ema: keep moving averages of the weights, ``a = ema_momentum * a + (1 - ema_momentum) * w``, which start
            with the weights after the first step. At the end of `fit` the weights become their averages.
        ema_momentum: from 0 to 1.
        ema_overwrite_frequency: let the weights become their averages every so many steps as well.
        loss_scale_factor: the factor by which `scale_loss` multiplies the loss; gradients are divided by it.
        gradient_accumulation_steps: update only once per so many batches, 2 or more, with the mean of their gradients.
        name: by default the class name in snake case, with a number.
        learning_rate_multipliers: factors of the learning rate, by layer, by variable, or by regular expression, which
            must fit one or more whole parts of a variable's path: ``{"dense": 0.1, r"block[12]/.*": 0.0}``. The first
            that fits counts; a variable without one has the factor 1. The result is that of an optimizer with the
            product as its learning rate (weight decay included). Not in Keras.
        decay_biases_and_norms: False exempts from weight decay biases and the parameters of normalization layers: what
            has fewer than two axes or is called bias, gamma or beta. Not in Keras.

    Raises:
        ValueError: for arguments that are not known, out of range, or exclude each other.
    """

    #: The `update_step` of a class that asks `_decay_in_step`.
    _decaying_step: Callable | None = None

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        learning_rate_multipliers: Mapping[Any, float] | None = None,
        decay_biases_and_norms: bool = True,
        **kwargs: Any,
    ):
        where = type(self).__name__
        if kwargs.pop("decay", None) is not None:
            warnings.warn(
                f"{where}: `decay` has no effect; use learning_rate=schedules.InverseTimeDecay(...) or `weight_decay`.",
                stacklevel=3,
            )
        if kwargs:
            raise _unexpected(type(self), kwargs)
        limits = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
        given = {key: limit for key, limit in limits.items() if limit is not None}
        if len(given) > 1:
            raise ValueError(f"{where}: only one of {', '.join(_CLIPPING)} may be given, received {given}.")
        for key, value in {**given, "weight_decay": weight_decay}.items():
            if value is not None and value < 0:
                raise ValueError(f"{where}: expected `{key}` to be 0 or more, received {value}.")
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(f"{where}: expected `ema_momentum` to be from 0 to 1, received {ema_momentum!r}.")
        if use_ema and ema_overwrite_frequency:
            _check_count(where, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        if gradient_accumulation_steps:
            _check_count(where, "gradient_accumulation_steps", gradient_accumulation_steps, 2)
        self.name = name or auto_name(where)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.global_clipnorm = global_clipnorm
        self.clipvalue = clipvalue
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.decay_biases_and_norms = decay_biases_and_norms
        self.built = False
        self._exempt: tuple[list[Variable], list[str]] = ([], [])
        self._shared: dict[Any, Any] = {}
        self._revision = 0  # of what `program_key` cannot see
        self._start_state()
        with name_scope(self.name):
            self._iterations = Variable(0, dtype="int64", trainable=False, name="iteration")
        self._layout.append(self._iterations)
        self._start_rate(learning_rate, learning_rate_multipliers)

    # State.

    @property
    def iterations(self) -> Any:
        """The number of updates made: an int64 variable; with `gradient_accumulation_steps` its quotient, a scalar."""
        if not self.gradient_accumulation_steps:
            return self._iterations
        return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for variables. Those that have slots already keep them, so more can be added later."""
        variables = list(variables)
        new = self._learn(variables)
        if new:
            self._multipliers.warn_unused(self._trainable_variables)
            with tracing.suspended():
                if self.use_ema:
                    self._add_slots(new, average="zeros")
                    if int(self._iterations):  # the average of what joins later starts with its values
                        for variable in new:
                            self._slot("average", variable).assign(variable)
                if self.gradient_accumulation_steps:
                    self._add_slots(new, gradient_accumulator="zeros")
                self._make_slots(new)
        self.built = True

    def _make_slots(self, variables: list[Variable]) -> None:
        """Make the state of new variables; ravine's own optimizers override this rather than `build`."""

    def _ensure_built(self, variables: list[Variable]) -> None:
        """`build`, for variables some of which may have slots already."""
        if not self.built:
            with tracing.suspended():
                self.build(variables)
        elif type(self).build is Optimizer.build:
            self.build(variables)
        else:
            new = [v.path for v in variables if id(v) not in self._indices]
            if new:
                raise ValueError(
                    f"{type(self).__name__}: {new} were not among the variables that it was built with. Compile with a "
                    "new optimizer, or build it with all variables before the first step."
                )

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exempt variables from weight decay, by object or by regular expressions searched for in their paths. What was
        exempt before no longer is."""
        self._exempt = (list(var_list or ()), list(var_names or ()))
        self._revision += 1

    def program_key(self) -> tuple:
        """Equal for equal settings: those that are constants of a traced step (momentum, clipnorm, schedules, ...)."""
        return _settings(self)

    # Stepping.

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """`apply` from pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Make one step.

        Args:
            grads: a gradient per variable; None leaves its variable alone, with a warning.
            trainable_variables: by default those of `build`.

        Raises:
            ValueError: when the numbers differ, a shape does not fit, or there is no gradient at all.
        """
        grads = list(grads)
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: expected a gradient for each of {len(variables)} variables, "
                f"received {len(grads)}."
            )
        if not variables:
            return
        self._ensure_built(variables)
        grads, variables = self._present(grads, variables)
        trace = tracing.current()
        if trace is None:
            self._step(grads, variables)
        else:
            with trace.labelled(f"{type(self).__name__} {self.name!r}"):
                self._step(grads, variables)

    def _present(self, grads: list[Any], variables: list[Variable]) -> tuple[list[Any], list[Variable]]:
        """The gradients that there are, and their variables."""
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise ValueError(f"{type(self).__name__}: no gradient for any of {missing}: the loss depends on none.")
        if missing:
            warnings.warn(f"{type(self).__name__}: no gradient for {missing}; they stay as they are.", stacklevel=3)
        pairs = [(self._checked(g, v), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        return [g for g, _ in pairs], [v for _, v in pairs]

    def _checked(self, gradient: Any, variable: Variable) -> Any:
        if ops.shape(gradient) != variable.shape:
            raise ValueError(
                f"{type(self).__name__}: expected a gradient of shape {variable.shape} for {variable.path!r}, "
                f"received shape {ops.shape(gradient)}."
            )
        return gradient

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        self._shared = {}
        if self.loss_scale_factor is not None:
            grads = [ops.multiply(g, 1.0 / self.loss_scale_factor) for g in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables, self.gradient_accumulation_steps)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._shared = {}
            self._update_averages()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.assign_add(1)
        self._shared = {}

    def _accumulate(self, grads: list[Any], variables: list[Variable], steps: int) -> None:
        sums = [self._slot("gradient_accumulator", variable) for variable in variables]
        for total, gradient in zip(sums, grads, strict=True):
            total.assign_add(gradient)

        def update() -> None:
            self._update([ops.multiply(total, 1.0 / steps) for total in sums], variables)
            for total in sums:
                total.assign(ops.zeros_like(ops.convert_to_tensor(total)))

        run_if(self._every(steps, self._iterations), update)

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        grads = self._clipped(grads)
        self._shared["decay in step"] = self._decays_in_step()
        if not self._shared["decay in step"]:
            self._apply_weight_decay(variables)
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, self._rate_for(variable))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable (and its slots) along its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: update_step() is not implemented.")

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return [clipping.clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm:
            return clipping.clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue:
            return [clipping.clip_by_value(g, self.clipvalue) for g in grads]
        return grads

    def _apply_weight_decay(self, variables: list[Variable]) -> None:
        for variable in variables:
            self._decay(variable, self._decay_factor(variable))

    def _decay(self, variable: Variable, factor: Any) -> None:
        if factor is not None:
            variable.assign(ops.subtract(variable, ops.multiply(variable, factor)))

    def _decay_factor(self, variable: Variable) -> Any:
        """What a step's weight decay takes off a variable: its learning rate times its factor. None for no decay."""
        decay = self._decay_of(variable)
        if not decay:
            return None
        rate = self._rate_for(variable)
        return self._once(("decay", id(rate), decay), partial(ops.multiply, rate, decay))

    def _decay_in_step(self, variable: Variable) -> Any:
        """For update rules that decay the weights in their own pass over them: the factor, None when there is nothing
        to decay or `_apply_weight_decay` has done it."""
        return self._decay_factor(variable) if self._shared.get("decay in step") else None

    def _decays_in_step(self) -> bool:
        # A subclass with a rule or a decay of its own keeps the two apart.
        cls = type(self)
        return cls.update_step is cls._decaying_step and cls._apply_weight_decay is Optimizer._apply_weight_decay

    def _decay_of(self, variable: Variable) -> float | None:
        """The factor of a variable's weight decay."""
        return self.weight_decay if self._decays(variable) else None

    def _decays(self, variable: Variable) -> bool:
        """Whether a variable is not exempt from weight decay."""
        exempt, patterns = self._exempt
        if any(v is variable for v in exempt) or any(re.search(p, variable.path) for p in patterns):
            return False
        vector = variable.ndim < 2 or variable.name in ("bias", "gamma", "beta")
        return self.decay_biases_and_norms or not vector

    def _update_averages(self) -> None:
        rate = ops.where(ops.equal(self.iterations, 0), 1.0, 1.0 - self.ema_momentum)
        averages = [(self._slot("average", variable), variable) for variable in self._trainable_variables]
        for average, variable in averages:
            average.assign(ops.apply("lerp", [average, variable, rate]))

        def overwrite() -> None:
            for average, variable in averages:
                variable.assign(average)

        if self.ema_overwrite_frequency:
            run_if(self._every(self.ema_overwrite_frequency, self.iterations), overwrite)

    def _every(self, steps: int, count: Any) -> Any:
        """Whether the step being made completes a group of `steps`."""
        return ops.equal(ops.mod(ops.add(count, 1), steps), 0)

    def _corrected_rate(self, rate: Any, beta_1: float = 0.0, beta_2: float = 0.0) -> Any:
        """rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) at update t = 1, 2, ... (Kingma & Ba 2015), once per step."""
        # Updates happen at step t * steps: there a beta^t is the root of beta to the number of steps.
        root = 1.0 / (self.gradient_accumulation_steps or 1)
        key = ("corrected", rate if isinstance(rate, float) else id(rate), beta_1, beta_2)
        return self._once(key, lambda: ops.adam_rate(rate, self._iterations, beta_1**root, beta_2**root))

    def _updates(self) -> Any:
        """t = 1, 2, ...: the number of this update, a float32 scalar."""
        return self._once("updates", lambda: ops.cast(ops.add(self.iterations, 1), "float32"))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, of which the gradients are to be taken."""
        return loss if self.loss_scale_factor is None else ops.multiply(loss, self.loss_scale_factor)

    def assign(self, variable: Variable, value: Any) -> None:
        """For update rules: replace a variable's values."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """For update rules: add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """For update rules: subtract from a variable."""
        variable.assign_sub(value)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """With `use_ema` let variables become their averages; the trainer calls this after the last step."""
        if self.use_ema and int(self._iterations):
            for variable in var_list:
                if id(variable) in self._indices:
                    variable.assign(self._slot("average", variable))

    # Configuration.

    def get_config(self) -> dict:
        own: dict[str, Any] = {} if self.decay_biases_and_norms else {"decay_biases_and_norms": False}
        multipliers = self._multipliers.config()
        if multipliers:
            own["learning_rate_multipliers"] = multipliers
        return {
            "name": self.name,
            **self._rate_config(),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            **own,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        return cls(**{key: _config.deserialize_keras_object(value, custom_objects) for key, value in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, learning_rate={self._rate_config()['learning_rate']}>"


def run_if(condition: Any, action: Callable[[], None]) -> None:
    """Do `action` when the scalar `condition` is not 0; in a trace, in those runs in which it is not."""
    trace = tracing.current()
    if trace is not None:
        with trace.only_if(condition):
            action()
    elif bool(condition):
        action()


def _check_count(where: str, name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{where}: expected `{name}` to be a whole number of {least} or more, received {value!r}.")


def _unexpected(cls: type, kwargs: dict) -> ValueError:
    known = {**inspect.signature(cls).parameters, **inspect.signature(Optimizer).parameters}
    known.pop("kwargs", None)
    if "lr" in kwargs:
        return ValueError(f"{cls.__name__}: argument(s) not recognized: {kwargs}. `lr` is called `learning_rate`.")
    return _lookup.unexpected_arguments(cls.__name__, kwargs, known)


def _settings(owner: Any) -> tuple:
    found: list[Any] = [id(owner)]
    for name, value in vars(owner).items():
        if isinstance(value, (Optimizer, LearningRateSchedule)):
            found.append((name, *_settings(value)))
        elif type(value) in _PLAIN or isinstance(value, np.generic):
            found.append((name, value if name != "built" else None))
        elif isinstance(value, (list, tuple)) and value and name[0] != "_":
            found.append((name, *[item for item in value if type(item) in _PLAIN or isinstance(item, np.generic)]))
    return tuple(found)
