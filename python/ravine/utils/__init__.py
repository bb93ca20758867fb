"""Helpers around training: seeds, labels, progress bars, plots."""

from ravine.utils.numerical import to_categorical
from ravine.utils.plot_history import plot_history
from ravine.utils.progbar import Progbar
from ravine.utils.session import clear_session, set_random_seed

__all__ = ["Progbar", "clear_session", "plot_history", "set_random_seed", "to_categorical"]
