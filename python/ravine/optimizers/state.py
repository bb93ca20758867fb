"""What an optimizer remembers: its variables, their order, and how they are saved."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ravine import initializers
from ravine.variable import Variable, assign_all, name_scope


class State:
    """Mixin of `Optimizer`: its own variables.

    `variables` has one fixed order, that of Keras, on which files depend: the step count, the learning rate (unless a
    schedule gives it), then group by group the slots of all variables. A group holds one or more slots for each
    variable; what is added for variables that come later, such as those of an unfrozen layer, joins its group.
    """

    name: str
    built: bool

    def _start_state(self) -> None:
        self._trainable_variables: list[Variable] = []
        self._indices: dict[int, int] = {}  # by identity of the variable
        self._order: list[int] = []  # of the variables within a group
        self._slots: dict[str, dict[int, Variable]] = {}  # name -> index of the variable -> slot
        self._layout: list[Variable | tuple[str, ...]] = []  # single variables and groups of slots

    @property
    def variables(self) -> list[Variable]:
        """The step count, the learning rate unless a schedule gives it, then the slots."""
        found: list[Variable] = []
        for entry in self._layout:
            if isinstance(entry, Variable):
                found.append(entry)
                continue
            for index in self._order:
                found += [self._slots[name][index] for name in entry if index in self._slots[name]]
        return found + self._last_variables()

    def _last_variables(self) -> list[Variable]:
        """What comes after the slots."""
        return []

    def _expect(self, count: int) -> None:
        """Called before the values of this many variables are set."""

    # Making variables.

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None, **kwargs: Any
    ) -> Variable:
        """Make a variable of the optimizer's own; further arguments of Keras are accepted and have no effect."""
        variable = self._new_variable(shape, initializer, dtype, name)
        self._layout.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable with the shape of another one, called ``<its path>_<name>``."""
        return self.add_variable(reference_variable.shape, initializer, name=_slot_name(reference_variable, name))

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """`add_variable_from_reference` for each variable: a list; with several names a tuple of lists.

        Raises:
            ValueError: when there are not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        makers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(makers) != len(names):
            raise ValueError(
                f"{type(self).__name__}: expected an initializer for each of the names {names}, received {initializer}."
            )
        rows = [
            [self.add_variable_from_reference(variable, *entry) for entry in zip(names, makers, strict=True)]
            for variable in trainable_variables
        ]
        columns = tuple([row[index] for row in rows] for index in range(len(names)))
        return columns[0] if isinstance(name, str) else columns

    def _new_variable(self, shape: Any, initializer: Any, dtype: Any, name: str | None) -> Variable:
        with name_scope(self.name):
            return Variable(initializers.get(initializer), shape=shape, dtype=dtype, trainable=False, name=name)

    def _add_slots(
        self,
        variables: Iterable[Variable],
        shapes: Mapping[str, Callable[[Variable], tuple | None]] | None = None,
        **initializers: Any,
    ) -> None:
        """Make a group of slots, named by the keywords, for variables. `_slot` finds them.

        Args:
            shapes: for slots that are not shaped like their variable; None as a shape means no slot.
            **initializers: of each slot. The slots of one variable lie side by side.
        """
        names = tuple(initializers)
        if names not in self._layout:
            self._layout.append(names)
            self._slots.update({name: {} for name in names})
        for variable in variables:
            for name, initializer in initializers.items():
                shape = shapes[name](variable) if shapes and name in shapes else variable.shape
                if shape is not None:
                    slot = self._new_variable(shape, initializer, None, _slot_name(variable, name))
                    self._slots[name][self._get_variable_index(variable)] = slot

    def _slot(self, name: str, variable: Variable) -> Variable:
        return self._slots[name][self._get_variable_index(variable)]

    # Which variables are known.

    def _get_variable_index(self, variable: Variable) -> int:
        """A variable's place in the order of `build`."""
        return self._indices[id(variable)]

    def _learn(self, variables: Sequence[Variable]) -> list[Variable]:
        """Number the variables that are new and return them. A list of all of them also settles their order."""
        new = list({id(v): v for v in variables if id(v) not in self._indices}.values())
        for variable in new:
            self._indices[id(variable)] = len(self._trainable_variables)
            self._trainable_variables.append(variable)
        given = list(dict.fromkeys(self._indices[id(v)] for v in variables))
        if len(given) == len(self._trainable_variables):
            self._order = given
        else:
            self._order += [self._indices[id(v)] for v in new]
        return new

    # Saving.

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the values of `variables`.

        Raises:
            ValueError: when number or shapes differ.
        """
        self._expect(len(weights))
        hint = "" if self.built else " It has no slots yet: call build(trainable_variables) first."
        assign_all(type(self).__name__, self.variables, weights, hint)

    def save_own_variables(self, store: Any) -> None:
        """Put the values of `variables` into `store` under ``"0"``, ``"1"``, ..."""
        for index, variable in enumerate(self.variables):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """The inverse of `save_own_variables`. When the numbers differ, nothing is loaded and a warning says so.

        Raises:
            ValueError: when a shape differs.
        """
        self._expect(len(store.keys()))
        if len(store.keys()) != len(self.variables):
            warnings.warn(
                f"{type(self).__name__}: the state was not loaded: expected {len(self.variables)} variables, "
                f"received {len(store.keys())}."
                + ("" if self.built else " It has no slots yet: call build(trainable_variables) first."),
                stacklevel=2,
            )
            return
        self.set_weights([np.asarray(store[str(index)]) for index in range(len(store.keys()))])

    def __setstate__(self, state: dict) -> None:
        # A copy or an unpickled optimizer belongs to other variables, whose identities are new.
        self.__dict__.update(state)
        self._indices = {id(variable): index for index, variable in enumerate(self._trainable_variables)}


def _slot_name(variable: Variable, name: str | None) -> str:
    return f"{variable.path.replace('/', '_')}_{name or 'var'}"
