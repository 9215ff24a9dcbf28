"""Takes steps of an exported training as a worker does, on images from nowhere, and prints what each took.

Run by bench/network.ts, under the TF_CONFIG of a worker, or without one for a worker that is alone.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy" / "distributed"))

from cluster import place
from steps import Steps

import tensorflow as tf

WARM_UP = 2


def bytes_on_wire() -> tuple[int, int]:
    """What the interface "wire" has received and sent; 0 where there is none."""
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "wire":
            fields = numbers.split()
            return int(fields[0]), int(fields[8])
    return 0, 0


def main(model: str, precision: str, images: int, steps: int) -> None:
    index, workers = place()
    training = Steps(model, workers, index, workers, precision)
    shape = training.model.decode_and_resize.concrete_functions[0].structured_outputs.shape
    pixels = tf.random.stateless_uniform([images, *shape[1:]], [index, 1], 0, 255)
    labels = tf.random.stateless_uniform([images], [index, 2], 0, 10, tf.int32)
    for step in range(WARM_UP + steps):
        before, start = bytes_on_wire(), time.perf_counter()
        training.train(((pixels, labels),), step).numpy()
        seconds = time.perf_counter() - start
        received, sent = (now - then for now, then in zip(bytes_on_wire(), before, strict=True))
        if step >= WARM_UP:
            print(json.dumps({"seconds": seconds, "sent": sent, "received": received}), flush=True)
    training.summed(tf.zeros([3], tf.float64))  # Nobody leaves before all are done.


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
