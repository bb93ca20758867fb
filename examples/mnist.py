"""Train 784-300-100-10 on MNIST, with or without batch normalization.

    python examples/mnist.py [--batch-norm]

The data is downloaded once into the cache folder (RAVINE_HOME).
"""

import argparse

import ravine as keras
from ravine import layers


def hidden(units: int, batch_norm: bool) -> list[layers.Layer]:
    """A hidden layer: he_normal and ReLU, normalized before the activation if asked for."""
    if not batch_norm:
        return [layers.Dense(units, activation="relu", kernel_initializer="he_normal")]
    return [
        layers.Dense(units, kernel_initializer="he_normal", use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
    ]


def build_model(batch_norm: bool) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            *hidden(300, batch_norm),
            *hidden(100, batch_norm),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-norm", action="store_true", help="normalize the hidden layers")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    arguments = parser.parse_args()

    keras.utils.set_random_seed(42)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = x_train / 255.0, x_test / 255.0

    model = build_model(arguments.batch_norm)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    model.fit(
        x_train[:-5000],
        y_train[:-5000],
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        validation_data=(x_train[-5000:], y_train[-5000:]),
        callbacks=[keras.callbacks.EarlyStopping("val_accuracy", patience=5, restore_best_weights=True)],
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss {loss:.4f}, test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
