/**
 * Writes src/tensorflow/protos/inference/open_inference_pb.ts from open_inference.proto, with the generator of protobuf-es and the
 * parser of gRPC for Node.js, so that no protoc is needed.
 *
 * Run in the repository: npx tsx scripts/generate/open-inference.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type DescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';

const name = 'inference/open_inference.proto';
const folder = path.join('src', 'tensorflow', 'protos');

const loaded = loadSync(fileURLToPath(new URL('open_inference.proto', import.meta.url)));
const described = loaded['inference.InferParameter'] as MessageTypeDefinition<object, object>;
const [bytes = new Uint8Array()] = described.fileDescriptorProtos;
const file = fromBinary(FileDescriptorProtoSchema, bytes);
Object.assign(file, { name, syntax: 'proto3' });
for (const message of file.messageType) qualify(message, `.${file.package}.${message.name}`);
for (const method of file.service.flatMap((service) => service.method)) {
  method.inputType = fullName(method.inputType);
  method.outputType = fullName(method.outputType);
}
const request = create(CodeGeneratorRequestSchema, {
  parameter: 'target=ts,import_extension=js',
  fileToGenerate: [name],
  protoFile: [file],
});
const plugin = spawnSync(path.join('node_modules', '.bin', 'protoc-gen-es'), {
  input: toBinary(CodeGeneratorRequestSchema, request),
});
const response = fromBinary(CodeGeneratorResponseSchema, plugin.stdout);
if (plugin.status !== 0 || response.error) throw new Error(response.error || plugin.stderr.toString());
for (const { name: target = '', content = '' } of response.file) {
  const written = path.join(folder, target);
  await mkdir(path.dirname(written), { recursive: true });
  await writeFile(written, content);
}

/** The parser leaves type names unqualified, as in the file. Types inside the message take precedence. */
function qualify(message: DescriptorProto, scope: string): void {
  for (const field of message.field) {
    const isInner = message.nestedType.some((inner) => inner.name === field.typeName);
    if (field.typeName !== '') field.typeName = isInner ? `${scope}.${field.typeName}` : fullName(field.typeName);
  }
  for (const inner of message.nestedType) qualify(inner, `${scope}.${inner.name}`);
}

function fullName(typeName: string): string {
  return `.${file.package}.${typeName.split('.').pop() ?? ''}`;
}
