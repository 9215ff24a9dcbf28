"""Writes src/export/onnx/protos/: TypeScript for ONNX's messages, with @bufbuild/protoc-gen-es.

The message descriptor is taken from PyPI's package `onnx`, so no protoc is needed.

Run in the repository: python scripts/generate/onnx_proto.py src/export/onnx/protos
"""

import pathlib
import subprocess
import sys

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from onnx import onnx_ml_pb2

request = plugin_pb2.CodeGeneratorRequest(parameter="target=ts,import_extension=js")
proto = descriptor_pb2.FileDescriptorProto()
onnx_ml_pb2.DESCRIPTOR.CopyToProto(proto)
proto.name = "onnx.proto"
request.proto_file.append(proto)
request.file_to_generate.append(proto.name)
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
