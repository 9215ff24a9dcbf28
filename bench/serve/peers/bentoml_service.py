"""BentoML over tf.saved_model.load: images in base64 in, logits out, adaptive batches of up to 32.

Served by `bentoml serve bentoml_service:Logits`, with MODEL_DIRECTORY and WARM_UP, a file, in the environment.
"""

import base64
import os

import bentoml


@bentoml.service(traffic={"timeout": 60}, workers=1)
class Logits:
    def __init__(self) -> None:
        import tensorflow as tf

        self.tf = tf
        self.call = tf.saved_model.load(os.environ["MODEL_DIRECTORY"]).signatures["serving_bytes"]
        with open(os.environ["WARM_UP"], "rb") as file:
            self.call(image_bytes_string=tf.constant([file.read()]))

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=60_000)
    def predict(self, images: list[str]) -> list[list[float]]:
        files = [base64.b64decode(image) for image in images]
        return self.call(image_bytes_string=self.tf.constant(files))["output_0"].numpy().tolist()
