"""Where a pass over the data stands."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a data set stands: what it takes to go on from there with the same batches.

    Attributes:
        done: the number of batches of this epoch that have passed.
        position: the next batch in the order of the rows.
        seed: of that order; None for the order of the rows as they are stored.
    """

    done: int = 0
    position: int = 0
    seed: int | None = None
