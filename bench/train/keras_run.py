"""Does as `train-model` does, the way Keras's documentation has it: folders of images in, the best of so many epochs out as a SavedModel.

Arguments: the training set, the test set, the folder to write to, the number of epochs.
"""

import os
import sys

import keras
import tensorflow as tf
from keras_lenet import lenet

train_directory, test_directory, output, epochs = sys.argv[1:]
options = {"image_size": (28, 28), "batch_size": 32}
split = {"validation_split": 0.2, "seed": 42}
directory_of = keras.utils.image_dataset_from_directory
train = directory_of(train_directory, subset="training", **split, **options)
validation = directory_of(train_directory, subset="validation", **split, **options)
test = directory_of(test_directory, shuffle=False, **options)
classes = len(train.class_names)
train, validation = (dataset.cache().prefetch(tf.data.AUTOTUNE) for dataset in (train, validation))
model = lenet(28, classes)
model.compile(
    optimizer=keras.optimizers.Adam(0.001),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
best = os.path.join(output, "best.keras")
checkpoint = keras.callbacks.ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True)
model.fit(train, validation_data=validation, epochs=int(epochs), callbacks=[checkpoint], verbose=2)
model = keras.models.load_model(best)
model.evaluate(test, verbose=2)
model.export(os.path.join(output, "1"), verbose=False)
