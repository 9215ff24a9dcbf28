import { clone, type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/**
 * Lists services and messages for clients such as grpcurl (grpc.reflection.v1 and v1alpha).
 *
 * @param services Services of protobuf-es.
 * @param others Services that a package made with proto-loader.
 */
export function reflectionOf(
  services: readonly DescService[],
  others: readonly ServiceDefinition[],
): ReflectionService {
  const own = [...filesOf(services.map(({ file }) => file))].map(({ proto }) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, withJsonNames(proto))),
  );
  const theirs = others.flatMap((service) => Object.values(service)).flatMap(descriptorsOf);
  // The package reads nothing else of what proto-loader would return.
  const root = { all: { fileDescriptorProtos: [...own, ...theirs] } };
  return new ReflectionService(root as never);
}

/** Files with everything that they import. */
function filesOf(files: readonly DescFile[], found = new Set<DescFile>()): Set<DescFile> {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    filesOf(file.dependencies, found);
  }
  return found;
}

function descriptorsOf(method: object): Buffer[] {
  const types = Object.values(method) as unknown[];
  return types.flatMap((type) =>
    typeof type === 'object' && type !== null && 'fileDescriptorProtos' in type
      ? (type.fileDescriptorProtos as Buffer[])
      : [],
  );
}

/** TensorFlow's Python packages, which the descriptors come from, leave JSON names empty, and clients would print them like that. */
function withJsonNames(proto: FileDescriptorProto): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, proto);
  const fields = [...copy.extension, ...copy.messageType.flatMap(fieldsOf)];
  for (const field of fields) {
    if (field.jsonName === '')
      field.jsonName = field.name.replace(/_+(.)?/g, (_, next = '') => String(next).toUpperCase());
  }
  return copy;
}

function fieldsOf({ field, extension, nestedType }: DescriptorProto): FieldDescriptorProto[] {
  return [...field, ...extension, ...nestedType.flatMap(fieldsOf)];
}
