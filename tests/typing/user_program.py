"""Never run: what a user's typed program sees of the public API, for `mypy --strict`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import ravine as keras
from ravine import layers, ops


def squared_error(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Scale(layers.Layer):
    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.model is not None and logs and logs["loss"] < 1e-3:
            self.model.stop_training = True


x: NDArray[np.float32] = np.zeros((8, 4), np.float32)
model = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), Scale(), layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=squared_error, metrics=["mae", keras.metrics.Mean()])
history = model.fit(x, x[:, :1], epochs=2, callbacks=[keras.callbacks.EarlyStopping(patience=1), Stop()])
curves: dict[str, list[float]] = history.history
prediction: NDArray[np.float32] = model.predict(x)
weights: list[NDArray[np.float32]] = model.get_weights()
count: int = model.count_params()
name: str = model.layers[0].name
loss: Any = keras.losses.MeanSquaredError()(x, x)
(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
keras.utils.plot_history(history, to_file="curves.png")
