"""LeNet as src/models/lenet-model.ts has it."""

import keras


def lenet(size, classes):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(6, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 3, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(120, 3, activation="tanh"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh"),
            layers.Dense(classes),
        ]
    )
