"""LitServe over tf.saved_model.load: images in base64 in, logits out, batches of up to 32 that wait for nothing.

Usage: litserve_server.py MODEL_DIRECTORY PORT WARM_UP
"""

import base64
import sys

import litserve as ls


class Model(ls.LitAPI):
    def setup(self, device):
        import tensorflow as tf

        self.tf = tf
        self.call = tf.saved_model.load(sys.argv[1]).signatures["serving_bytes"]
        self.call(image_bytes_string=tf.constant([WARM_UP]))

    def decode_request(self, request):
        return base64.b64decode(request["b64"])

    def batch(self, inputs):
        return list(inputs)

    def predict(self, images):
        return self.call(image_bytes_string=self.tf.constant(images))["output_0"].numpy()

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"logits": output.tolist()}


with open(sys.argv[3], "rb") as file:
    WARM_UP = file.read()

if __name__ == "__main__":
    api = Model(max_batch_size=32, batch_timeout=0)
    server = ls.LitServer(api, accelerator="cpu", timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="error", generate_client_file=False, access_log=False)
