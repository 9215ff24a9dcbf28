"""Runs ResNet50V2 by several roads of Python, slice by slice, and prints the seconds of each, and those of all cores.

Input lines: {"size": ..., "classes": ..., "savedModel": directory}, then {"road": name, "batch": n, "calls": n} as often as wanted.
"""

import json
import sys
import time

import keras
import numpy as np
import tensorflow as tf

options = json.loads(sys.stdin.readline())
size, classes = options["size"], options["classes"]


def resnet(jit_compile):
    inputs = keras.Input((size, size, 3))
    backbone = keras.applications.ResNet50V2(
        include_top=True, weights=None, classes=classes, input_shape=(size, size, 3), classifier_activation=None
    )
    model = keras.Model(inputs, backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)))
    model.compile(jit_compile=jit_compile)
    return model


graph, xla = resnet(False), resnet(True)
served = tf.saved_model.load(options["savedModel"]).signatures["serving_default"]
roads = {
    "predict": lambda images: graph.predict(images, batch_size=len(images), verbose=0),
    "predict, jit_compile": lambda images: xla.predict(images, batch_size=len(images), verbose=0),
    "predict_on_batch": lambda images: graph.predict_on_batch(images),
    "tf.function": lambda images: served(input_tensor=tf.constant(images))["output_0"].numpy(),
}
random = np.random.default_rng(1)
for line in sys.stdin:
    asked = json.loads(line)
    road = roads[asked["road"]]
    images = random.uniform(0, 255, (asked["batch"], size, size, 3)).astype(np.float32)
    start, cpu_start = time.perf_counter(), time.process_time()
    for _ in range(asked["calls"]):
        road(images)
    taken = {"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu_start}
    print(json.dumps(taken), flush=True)
