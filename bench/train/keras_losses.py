"""Writes the losses of Keras's first 200 steps of LeNet on the bundled digits to test/fixtures/keras/lenet-losses.json.

Run in the repository's root by the Python that scripts/set-up-python.ts installs. The weights are those of lenet.keras. Image i of step s is
file number (37 (32 s + i)) mod n of all, sorted by path; its 8 x 8 pixels become 24 x 24 by repetition and 28 x 28 with a border of zeros, so
that no way of resizing enters.
"""

import glob
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

steps, batch = 200, 32
files = sorted(glob.glob("data/digits/train/*/*.png"))
pixels = np.stack([tf.io.decode_png(open(file, "rb").read(), channels=3).numpy() for file in files])
images = np.pad(pixels.repeat(3, axis=1).repeat(3, axis=2), [(0, 0), (2, 2), (2, 2), (0, 0)]).astype(np.float32)
labels = np.array([int(file.split(os.sep)[-2]) for file in files], np.int32)
model = keras.models.load_model("test/fixtures/keras/lenet.keras")
model.compile(
    optimizer=keras.optimizers.Adam(0.001),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    jit_compile=False,
)
losses = []
for step in range(steps):
    chosen = 37 * np.arange(batch * step, batch * (step + 1)) % len(files)
    model.reset_metrics()
    losses.append(float(model.train_on_batch(images[chosen], labels[chosen])))
versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
with open("test/fixtures/keras/lenet-losses.json", "w") as file:
    json.dump({**versions, "losses": [round(loss, 7) for loss in losses]}, file)
    file.write("\n")
