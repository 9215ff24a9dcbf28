"""Trains all layers of MobileNetV2 on folders of photographs for so many epochs, with AdamW, moving averages and augmentation, as `train-model` does.

Arguments: the training set, the folder to write to, the number of epochs.
"""

import os
import sys

import keras
import tensorflow as tf

directory, output, epochs = sys.argv[1:]
options = {"image_size": (224, 224), "batch_size": 32}
split = {"validation_split": 0.1, "seed": 42}
directory_of = keras.utils.image_dataset_from_directory
train = directory_of(directory, subset="training", **split, **options)
validation = directory_of(directory, subset="validation", **split, **options)
classes = len(train.class_names)
train, validation = (dataset.prefetch(tf.data.AUTOTUNE) for dataset in (train, validation))
images = keras.Input((224, 224, 3))
x = keras.layers.RandomFlip("horizontal")(images)
x = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
x = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(224, 224, 3))(x)
model = keras.Model(images, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))
model.compile(
    optimizer=keras.optimizers.AdamW(0.0003, weight_decay=0.02, use_ema=True),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train, validation_data=validation, epochs=int(epochs), verbose=2)
model.export(os.path.join(output, "1"), verbose=False)
