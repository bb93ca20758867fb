"""What a layer remembers: its variables and those of the layers in it, frozen or not, and how they are saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ravine._changes import note_change
from ravine._tracking import Tracked
from ravine.layers._snapshot import Snapshot
from ravine.variable import Variable, assign_all

if TYPE_CHECKING:
    from ravine.layers.layer import Layer


class State(Tracked):
    """Mixin of `Layer`: variables and inner layers."""

    built: bool
    _trainable: bool
    _weights: list[Variable]
    _label: Any  # for messages

    def _sublayers(self) -> list[Layer]:
        """The layers held directly."""
        return list(self._held(State))

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Layer]:
        """This layer and those in it, each once, outer before inner."""
        found: dict[int, Layer] = {}

        def visit(layer: Any, deeper: bool) -> None:
            if id(layer) in found:
                return
            found[id(layer)] = layer
            if deeper:
                for inner in layer._sublayers():
                    visit(inner, recursive)

        visit(self, True)
        layers = list(found.values())
        return layers if include_self else layers[1:]

    def _own_variables(self) -> list[Variable]:
        """The variables of this layer itself, parameters first."""
        own = once([*self._weights, *self._held(Variable)])
        return [v for v in own if v.is_parameter] + [v for v in own if not v.is_parameter]

    def _snapshot(self) -> Snapshot:
        """This layer and those in it as they are now. The same object until something changes that a trace may depend
        on, `trainable` included."""
        snapshot: Snapshot | None = self.__dict__["_last_snapshot"]
        if snapshot is None or not snapshot.holds():
            snapshot = self.__dict__["_last_snapshot"] = Snapshot(self._flatten_layers())
        return snapshot

    @property
    def weights(self) -> list[Variable]:
        """All variables: of each layer the parameters first, this layer before those in it."""
        return once([*self._own_variables(), *(v for layer in self._sublayers() for v in layer.weights)])

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes; none when this layer is frozen."""
        if not self.trainable:
            return []
        own = [v for v in self._own_variables() if v.trainable]
        return once([*own, *(v for layer in self._sublayers() for v in layer.trainable_weights)])

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training does not change."""
        trainable = {id(v) for v in self.trainable_weights}
        return [v for v in self.weights if id(v) not in trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training may change the weights. Setting it sets it on all inner layers and their parameters."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self.__dict__["_trainable"] = value
        note_change()
        for variable in self._own_variables():
            if variable.is_parameter:
                variable.trainable = value
        for layer in self._sublayers():
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the values of `weights`."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Set the values of `weights`. Raises ValueError when their number or a shape differs; then nothing is set."""
        assign_all(self._label, self.weights, weights)

    def count_params(self) -> int:
        """The number of values in `weights`. Raises ValueError when the layer is not built."""
        if not self.built:
            raise ValueError(f"{self._label}: count_params() needs a built layer; call it on data or build(shape) it.")
        return sum(variable.size for variable in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Put the values of this layer's own variables into `store` under ``"0"``, ``"1"``, ..."""
        for index, variable in enumerate(self._own_variables()):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """The inverse of `save_own_variables`. Raises ValueError when number or shapes differ."""
        own = self._own_variables()
        if len(store) != len(own):
            raise ValueError(f"{self._label}: expected {len(own)} saved variables, received {len(store)}.")
        for index, variable in enumerate(own):
            values = np.asarray(store[str(index)])
            if values.shape != variable.shape:
                raise ValueError(
                    f"{self._label}: weight {variable.name!r} expected shape {variable.shape}, "
                    f"received shape {values.shape}."
                )
            variable.assign(values)


def once(items: Any) -> list:
    """The items in their order, without those that came before."""
    seen: dict[int, Any] = {}
    for item in items:
        seen.setdefault(id(item), item)
    return list(seen.values())
