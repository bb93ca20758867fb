"""Train a small network on scikit-learn's handwritten digits and draw its learning curves.

    pip install ravine[demo]
    python examples/digits.py

Prints the test accuracy and writes learning_curves.png into the current folder. Takes a few seconds.
"""

import argparse

import ravine as keras


def build_model() -> keras.Sequential:
    return keras.Sequential(
        [
            keras.layers.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(256, use_bias=False, kernel_initializer="he_normal"),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--plot", default="learning_curves.png", help="where to save the learning curves")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(42)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = x_train / 16.0, x_test / 16.0

    model = build_model()
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=3e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    slower = keras.callbacks.LearningRateScheduler(lambda epoch: 3e-3 * 0.9**epoch)
    history = model.fit(x_train, y_train, epochs=arguments.epochs, validation_split=0.15, callbacks=[slower])

    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss {loss:.4f}, test accuracy {accuracy:.4f}")
    keras.utils.plot_history(history, arguments.plot, title="Handwritten digits, 8 x 8 pixels")
    print(f"Learning curves saved to {arguments.plot}")


if __name__ == "__main__":
    main()
