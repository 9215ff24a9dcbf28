"""Trains the network that the first line on standard input names, slice by slice, and prints the seconds of each and the peak memory so far.

Input lines: {"model": ..., "jit": ..., "size": ..., "classes": ..., "batch": ...}, then {"steps": n} as often as wanted.
"""

import json
import resource
import sys
import time

import keras
import numpy as np
from keras_lenet import lenet


def resnet(size, classes):
    backbone = keras.applications.ResNet50V2(include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg")
    inputs = keras.Input((size, size, 3))
    outputs = keras.layers.Dense(classes)(backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)))
    return keras.Model(inputs, outputs)


options = json.loads(sys.stdin.readline())
size, batch, classes = options["size"], options["batch"], options["classes"]
model = {"LenetModel": lenet, "ResnetModel": resnet}[options["model"]](size, classes)
model.compile(
    optimizer=keras.optimizers.Adam(0.001),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
    jit_compile=options["jit"],
)
random = np.random.default_rng(1)
for line in sys.stdin:
    steps = json.loads(line)["steps"]
    images = random.uniform(0, 255, (steps * batch, size, size, 3)).astype(np.float32)
    labels = random.integers(0, classes, steps * batch).astype(np.int32)
    start = time.perf_counter()
    model.fit(images, labels, batch_size=batch, epochs=1, verbose=0)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peakMebibytes": peak}), flush=True)
