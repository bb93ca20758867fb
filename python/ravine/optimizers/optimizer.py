"""The base class of optimizers: what happens around an update rule."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterable
from typing import Any, TypedDict

import numpy as np

from ravine import _lookup, initializers, ops
from ravine._names import auto_name
from ravine.ops import trace as tracing
from ravine.optimizers import clipping
from ravine.variable import Variable

_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")


class CommonArguments(TypedDict, total=False):
    """What every optimizer takes besides its own arguments; see `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Optimizer:
    """Changes variables along gradients.

    One step: clip the gradients, decay the weights (``w -= learning_rate * weight_decay * w``), apply the update rule,
    apply the constraints, count the step. The trainer traces this into its program; on arrays it happens at once.

    Subclasses implement ``update_step(gradient, variable, learning_rate)``, and when they keep state per variable
    ``build(variables)``, which calls ``super().build(variables)`` and then `add_variable_from_reference` for each
    variable. `_get_variable_index` tells a variable's place in the order of `build`.

    Args:
        learning_rate: a non-negative number.
        weight_decay: the factor of decoupled decay (Loshchilov & Hutter 2019).
        clipnorm: the largest length of each gradient.
        global_clipnorm: the largest length of all gradients together.
        clipvalue: the largest absolute value of a gradient's elements. Only one of the three may be given.
        loss_scale_factor: the factor by which `scale_loss` multiplies the loss; gradients are divided by it.
        name: by default the class name in snake case, with a number.

    Raises:
        ValueError: for arguments that are not known, negative, or exclude each other.
        NotImplementedError: for `use_ema` and `gradient_accumulation_steps`.
    """

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
        **kwargs: Any,
    ):
        where = type(self).__name__
        if kwargs:
            own = inspect.signature(type(self).__init__).parameters
            common = inspect.signature(Optimizer.__init__).parameters
            known = [name for name in {**own, **common} if name not in ("self", "kwargs")]
            raise _lookup.unexpected_arguments(where, kwargs, known)
        limits = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
        given = {key: limit for key, limit in limits.items() if limit is not None}
        if len(given) > 1:
            raise ValueError(f"{where}: only one of {', '.join(_CLIPPING)} may be given, received {given}.")
        for key, value in {**given, "weight_decay": weight_decay}.items():
            if value is not None and value < 0:
                raise ValueError(f"{where}: expected `{key}` to be 0 or more, received {value}.")
        for key, value in (("use_ema", use_ema), ("gradient_accumulation_steps", gradient_accumulation_steps)):
            if value:
                raise NotImplementedError(f"{where}: `{key}` is not supported yet.")
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
        self.built = False
        self._no_decay: tuple[list[Variable], list[str]] = ([], [])
        self._trainable_variables: list[Variable] = []
        self._indices: dict[int, int] = {}
        self._shared: dict[str, Any] = {}
        self.iterations = Variable(0, dtype="int64", trainable=False, name="iteration")
        self._learning_rate = Variable(
            _checked_rate(learning_rate, where), dtype="float32", trainable=False, name="learning_rate"
        )
        self._variables: list[Variable] = [self.iterations, self._learning_rate]

    # State.

    @property
    def learning_rate(self) -> Variable:
        """The learning rate, a float32 variable. Assigning a number changes it at once, even between the batches of a
        program that was traced before."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        with tracing.suspended():
            self._learning_rate.assign(_checked_rate(value, type(self).__name__))

    @property
    def variables(self) -> list[Variable]:
        """The step count, the learning rate, then the slots in the order in which they were made."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots for variables. Those that have slots already keep them, so more can be added later."""
        new = [v for v in variables if id(v) not in self._indices]
        for variable in new:
            self._indices[id(variable)] = len(self._trainable_variables)
            self._trainable_variables.append(variable)
        self.built = True
        if new:
            with tracing.suspended():
                self._make_slots(new)

    def _make_slots(self, variables: list[Variable]) -> None:
        """Make the state of new variables; ravine's own optimizers override this rather than `build`."""

    def _ensure_built(self, variables: list[Variable]) -> None:
        new = [v for v in variables if id(v) not in self._indices]
        if new or not self.built:
            with tracing.suspended():
                self.build(new)

    def _get_variable_index(self, variable: Variable) -> int:
        return self._indices[id(variable)]

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None, **kwargs: Any
    ) -> Variable:
        """Make a variable of the optimizer's own."""
        variable = Variable(initializers.get(initializer), shape=shape, dtype=dtype, trainable=False, name=name)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a slot with the shape of a variable."""
        path = reference_variable.path.replace("/", "_")
        return self.add_variable(reference_variable.shape, initializer, name=f"{path}_{name}")

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exempt variables from weight decay, by object or by regular expressions searched for in their paths."""
        exempt, patterns = self._no_decay
        exempt.extend(var_list or ())
        patterns.extend(var_names or ())

    # Stepping.

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """`apply` from pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

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
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise ValueError(f"{type(self).__name__}: no gradient for any of {missing}: the loss depends on none.")
        if missing:
            warnings.warn(f"{type(self).__name__}: no gradient for {missing}; they stay as they are.", stacklevel=2)
            pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
            grads, variables = [g for g, _ in pairs], [v for _, v in pairs]
        self._ensure_built(variables)
        grads = [self._checked(g, v) for g, v in zip(grads, variables, strict=True)]
        trace = tracing.current()
        if trace is None:
            self._step(grads, variables)
        else:
            with trace.labelled(f"{type(self).__name__} {self.name!r}"):
                self._step(grads, variables)

    def _step(self, grads: list[Any], variables: list[Variable]) -> None:
        if self.loss_scale_factor is not None:
            grads = [ops.multiply(g, 1.0 / self.loss_scale_factor) for g in grads]
        grads = self._clipped(grads)
        learning_rate = self._learning_rate
        self._shared = {}
        if self.weight_decay is not None:
            decay = ops.multiply(learning_rate, self.weight_decay)
            for variable in variables:
                if self._decays(variable):
                    variable.assign(ops.subtract(variable, ops.multiply(variable, decay)))
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self.iterations.assign_add(1)
        self._shared = {}

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Change one variable (and its slots) along its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: update_step() is not implemented.")

    def _checked(self, gradient: Any, variable: Variable) -> Any:
        if ops.shape(gradient) != variable.shape:
            raise ValueError(
                f"{type(self).__name__}: expected a gradient of shape {variable.shape} for {variable.path!r}, "
                f"received shape {ops.shape(gradient)}."
            )
        return gradient

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm is not None:
            return [clipping.clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm is not None:
            return clipping.clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None:
            return [clipping.clip_by_value(g, self.clipvalue) for g in grads]
        return grads

    def _decays(self, variable: Variable) -> bool:
        exempt, patterns = self._no_decay
        return not any(v is variable for v in exempt) and not any(re.search(p, variable.path) for p in patterns)

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
        """Called by the trainer after the last step."""

    # Saving.

    def set_weights(self, weights: list[Any]) -> None:
        """Set the values of `variables`. Raises ValueError when number or shapes differ."""
        if len(weights) != len(self._variables):
            raise ValueError(
                f"{type(self).__name__}: set_weights() expected {len(self._variables)} arrays, received {len(weights)}."
            )
        with tracing.suspended():
            for variable, value in zip(self._variables, weights, strict=True):
                variable.assign(np.asarray(value))

    def save_own_variables(self, store: Any) -> None:
        """Put the values of `variables` into `store` under ``"0"``, ``"1"``, ..."""
        for index, variable in enumerate(self._variables):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """The inverse of `save_own_variables`. Raises ValueError when number or shapes differ."""
        self.set_weights([np.asarray(store[str(index)]) for index in range(len(store))])

    def get_config(self) -> dict:
        return {
            "name": self.name,
            "learning_rate": float(self._learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        return cls(**config)

    def __setstate__(self, state: dict) -> None:
        # A copy or an unpickled optimizer belongs to other variables, whose identities are new.
        self.__dict__.update(state)
        self._indices = {id(variable): index for index, variable in enumerate(self._trainable_variables)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, learning_rate={float(self._learning_rate):g}>"


def checked_beta(optimizer: Optimizer, name: str, value: float) -> float:
    """The rate of decay of a moving average."""
    if not 0 <= value < 1:
        raise ValueError(
            f"{type(optimizer).__name__}: expected `{name}` to be at least 0 and below 1, received {value!r}."
        )
    return float(value)


def _checked_rate(value: Any, where: str) -> float:
    try:
        rate = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: expected `learning_rate` to be a number, received {value!r}.") from None
    if rate < 0:
        raise ValueError(f"{where}: expected `learning_rate` to be 0 or more, received {rate}.")
    return rate
