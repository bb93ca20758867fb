"""Figures: one call each, drawn with Matplotlib (`pip install "ravine[plot]"`).

Every function returns the Matplotlib figure, saves it when it gets a `path`, and draws into the caller's axes when it
gets `ax`. Nothing needs a display, and Matplotlib's settings stay as they were.

`plot_history`, `plot_model` and `model_to_dot` are also in `ravine.utils`, where Keras has them, with its
`to_file` for the path.
"""

from ravine.plots.activations import plot_activations
from ravine.plots.distributions import plot_distributions, plot_weights
from ravine.plots.histories import plot_histories, plot_history, plot_learning_rate
from ravine.plots.model_picture import model_to_dot, plot_model
from ravine.plots.schedules import plot_schedules
from ravine.plots.trajectories import descend, plot_trajectories
from ravine.plots.uncertainty import plot_uncertainty

__all__ = [
    "descend",
    "model_to_dot",
    "plot_activations",
    "plot_distributions",
    "plot_histories",
    "plot_history",
    "plot_learning_rate",
    "plot_model",
    "plot_schedules",
    "plot_trajectories",
    "plot_uncertainty",
    "plot_weights",
]
