"""Trying something out on a model and leaving no trace of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ravine import random
from ravine.optimizers.nested import has_one_rate, single_of
from ravine.variable import Variable


class Values:
    """The values of variables at one moment.

    Attributes:
        arrays: copies, in the order of the variables.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables = list({id(v): v for v in variables}.values())
        self.arrays = [v.numpy() for v in self.variables]

    def restore(self, but: Iterable[Variable] = ()) -> None:
        """Put the values back, bit for bit, `but` those of some variables."""
        left_alone = {id(v) for v in but}
        for variable, array in zip(self.variables, self.arrays, strict=True):
            if id(variable) not in left_alone:
                variable.array[...] = array


@contextmanager
def preserved(variables: Iterable[Variable]) -> Iterator[Values]:
    """However the block ends, variables and the process's random state are afterwards bit for bit what they were."""
    before = Values(variables)
    generator = random.global_generator().bit_generator
    state = generator.state
    try:
        yield before
    finally:
        before.restore()
        generator.state = state


def twin_of(optimizer: Any, model: Any, learning_rate: Variable) -> Any:
    """A copy of an optimizer, with slots of its own, that trains the same variables of `model` with this rate, whatever
    number or schedule the optimizer itself has.

    Raises:
        ValueError: there is no one rate, as in a MultiOptimizer.
    """
    if not has_one_rate(optimizer):
        raise ValueError(
            "A MultiOptimizer has a learning rate for each of its optimizers, but one is needed here. Compile "
            "the model with one optimizer; learning_rate_multipliers gives layers rates of their own."
        )
    shared = [*model.variables, *model._flatten_layers()]
    twin = copy.deepcopy(optimizer, {id(x): x for x in shared})
    single_of(twin)._learning_rate = learning_rate
    return twin
