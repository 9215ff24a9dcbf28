"""The usual way to serve a model from Python: FastAPI and uvicorn over tf.saved_model.load, one process.

Usage: fastapi_server.py MODEL_DIRECTORY PORT
"""

import base64
import sys

import tensorflow as tf
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

model = tf.saved_model.load(sys.argv[1])
from_bytes = model.signatures["serving_bytes"]
from_numbers = model.signatures["serving_default"]
app = FastAPI()


class Encoded(BaseModel):
    b64: str


class B64Request(BaseModel):
    instances: list[Encoded]


class NumbersRequest(BaseModel):
    instances: list[list[list[list[float]]]]


@app.post("/b64")
def predict_b64(request: B64Request):
    images = [base64.b64decode(instance.b64) for instance in request.instances]
    logits = from_bytes(image_bytes_string=tf.constant(images))["output_0"]
    return {"predictions": logits.numpy().tolist()}


@app.post("/numbers")
def predict_numbers(request: NumbersRequest):
    images = tf.constant(request.instances, dtype=tf.float32)
    return {"predictions": from_numbers(input_tensor=images)["output_0"].numpy().tolist()}


@app.post("/bytes")
async def predict_bytes(request: Request):
    logits = from_bytes(image_bytes_string=tf.constant([await request.body()]))["output_0"]
    return {"predictions": logits.numpy().tolist()}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
