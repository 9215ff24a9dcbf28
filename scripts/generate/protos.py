"""Writes src/tensorflow/protos/: TypeScript for TensorFlow's SavedModel messages, with @bufbuild/protoc-gen-es.

The message descriptors are taken from the Python packages of the TensorFlow that Signet pins and of its Serving API, so no protoc
is needed.

Run in the repository: python scripts/generate/protos.py src/tensorflow/protos
"""

import pathlib
import subprocess
import sys

from google.protobuf.compiler import plugin_pb2
from google.protobuf import descriptor_pb2
from tensorflow.core.example import example_pb2
from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2, tensor_bundle_pb2
from tensorflow.core.util import event_pb2
from tensorflow_serving.apis import model_service_pb2, prediction_log_pb2, prediction_service_pb2
from tensorflow_serving.config import model_server_config_pb2

request = plugin_pb2.CodeGeneratorRequest(parameter="target=ts,import_extension=js")


def add(file):
    """Adds `file` after everything it imports, as a plugin expects."""
    if any(known.name == file.name for known in request.proto_file):
        return
    for dependency in file.dependencies:
        add(dependency)
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    request.proto_file.append(proto)
    if not file.name.startswith("google/protobuf/"):
        request.file_to_generate.append(file.name)


for module in (
    event_pb2,
    example_pb2,
    model_server_config_pb2,
    model_service_pb2,
    prediction_log_pb2,
    prediction_service_pb2,
    saved_model_pb2,
    tensor_bundle_pb2,
    fingerprint_pb2,
):
    add(module.DESCRIPTOR)
plugin = subprocess.run(
    ["node_modules/.bin/protoc-gen-es"], input=request.SerializeToString(), stdout=subprocess.PIPE, check=True
)
response = plugin_pb2.CodeGeneratorResponse.FromString(plugin.stdout)
if response.error:
    sys.exit(response.error)
folder = pathlib.Path(sys.argv[1])
for file in response.file:
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file.content, encoding="utf-8")
