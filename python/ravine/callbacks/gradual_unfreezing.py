"""GradualUnfreezing: fine-tune a pretrained model from its top down."""

from __future__ import annotations

from collections.abc import Mapping

from ravine.callbacks import _learning_rate
from ravine.callbacks.callback import Callback, Logs
from ravine.optimizers.nested import optimizers_of


class GradualUnfreezing(Callback):
    """Trains the last layers first and lets deeper ones join in later (Howard & Ruder 2018, section 3.3).

    ``GradualUnfreezing({0: 1, 4: 3, 8: None})`` trains the last layer alone for four epochs, the last three for the
    next four, and then all of them. What is frozen takes effect at once, without another `compile`; the optimizer
    keeps its state and makes slots for variables as they join.

    Args:
        phases: from which epoch on (from 0) how many of the last layers train; None is all. Only layers with weights
            count, also those inside of other layers and models. Before the first of these epochs all are frozen.
        rate_factor: at the beginning of every phase but the first the learning rate (or the rest of its schedule)
            is multiplied by this, for each optimizer of a MultiOptimizer.
        train_batch_norm: False keeps batch normalization frozen, and therefore in inference mode, so that the moving
            statistics of the pretraining last.
        verbose: 1 says what trains when a phase begins.

    Raises:
        TypeError: `phases` is no dictionary.
        ValueError: there are no phases, an epoch is negative, or a number is neither None nor 0 or more.
    """

    def __init__(
        self,
        phases: Mapping[int, int | None],
        rate_factor: float = 1.0,
        train_batch_norm: bool = False,
        verbose: int = 0,
    ) -> None:
        super().__init__()
        if not isinstance(phases, Mapping):
            raise TypeError(
                "GradualUnfreezing: expected a dict of epochs to numbers of layers, such as {0: 1, 5: None}, received "
                f"{type(phases).__name__}."
            )
        self.phases = dict(sorted(phases.items()))
        for epoch, count in self.phases.items():
            if epoch < 0 or (count is not None and count < 0):
                raise ValueError(
                    f"GradualUnfreezing: expected epochs and numbers of layers of 0 or more, received {epoch}: {count}."
                )
        if not self.phases:
            raise ValueError("GradualUnfreezing: expected at least one phase, such as {0: 1, 5: None}.")
        self.rate_factor = rate_factor
        self.train_batch_norm = train_batch_norm
        self.verbose = verbose
        self._begun: int | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        self._begun = None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        begun = max((first for first in self.phases if first <= epoch), default=-1)
        if begun == self._begun:
            return
        if self.rate_factor != 1.0 and self._begun is not None and self._begun >= 0:
            for optimizer in optimizers_of(self.model.optimizer):
                _learning_rate.lower(optimizer, float(optimizer.learning_rate) * self.rate_factor)
        self._begun = begun
        self._train_last(self.phases.get(begun, 0), epoch)

    def _train_last(self, count: int | None, epoch: int) -> None:
        from ravine.layers import BatchNormalization
        from ravine.tuning.layer_rates import layers_with_weights

        layers = layers_with_weights(self.model)
        first = 0 if count is None else max(0, len(layers) - count)
        self.model.trainable = True  # the models and layers that hold them
        for place, layer in enumerate(layers):
            layer.trainable = place >= first
            for inner in layer._flatten_layers():
                if isinstance(inner, BatchNormalization) and not self.train_batch_norm:
                    inner.trainable = False
        if self.verbose:
            names = [layer.name for layer in layers if layer.trainable]
            print(f"Epoch {epoch + 1}: training {', '.join(names) or 'nothing'}")
