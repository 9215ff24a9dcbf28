"""NVIDIA's PyTriton (Triton's server) over tf.saved_model.load: image files in, logits out, batches of up to 32 that wait for nothing.

Usage: pytriton_server.py MODEL_DIRECTORY PORT WARM_UP
"""

import sys

import numpy as np
import tensorflow as tf
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

call = tf.saved_model.load(sys.argv[1]).signatures["serving_bytes"]
with open(sys.argv[3], "rb") as file:
    classes = call(image_bytes_string=tf.constant([file.read()]))["output_0"].shape[-1]


@batch
def predict(image):
    return [call(image_bytes_string=tf.constant(image.reshape(-1).tolist()))["output_0"].numpy()]


port = int(sys.argv[2])
config = TritonConfig(http_port=port, grpc_port=port + 1, metrics_port=port + 2, http_address="127.0.0.1", grpc_address="127.0.0.1", log_verbose=0)
with Triton(config=config) as triton:
    triton.bind(
        model_name="logits",
        infer_func=predict,
        inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
        outputs=[Tensor(name="logits", dtype=np.float32, shape=(classes,))],
        config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
    )
    triton.serve()
