import type { FileHandle } from 'node:fs/promises';

import { create, toBinary } from '@bufbuild/protobuf';

import {
  BundleEntryProtoSchema,
  BundleHeaderProtoSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/tensor_bundle_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { shapeProto } from '../../tracing/attr-value.js';
import { type CreateFile, writeFileSynced } from '../../files/replace.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { encodeTable, type TableEntry, uint32, varint } from './leveldb-table.js';

/** A tensor in a checkpoint. */
export interface BundleTensor {
  readonly key: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** Reads the elements as they are in memory. Called once, shortly before they are written, so that only one large tensor is held at a time. */
  readonly read: () => Uint8Array;
}

/**
 * Writes a checkpoint in TensorFlow's V2 format: `PREFIX.data-00000-of-00001` with the tensors' bytes one after another, and `PREFIX.index`, a
 * LevelDB table from keys to the positions of the bytes.
 *
 * Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc and tensorflow/core/protobuf/tensor_bundle.proto.
 *
 * @param createFile Creates the two files. Default: they are on the disk afterwards.
 */
export async function writeTensorBundle(
  prefix: string,
  tensors: readonly BundleTensor[],
  createFile: CreateFile = writeFileSynced,
): Promise<void> {
  const header = create(BundleHeaderProtoSchema, { numShards: 1, version: { producer: 1 } });
  const entries: TableEntry[] = [[new Uint8Array(), toBinary(BundleHeaderProtoSchema, header)]];
  const sorted = tensors.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  await createFile(`${prefix}.data-00000-of-00001`, async (file) => {
    let offset = 0;
    let waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    const write = async () => {
      const all = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting);
      [waiting, waitingBytes] = [[], 0];
      if (all) await writeAll(file, all);
    };
    for (const tensor of sorted) {
      const bytes = tensor.read();
      const isString = tensor.dataType === DataType.DT_STRING;
      const stored = isString ? encodeString(bytes) : { bytes, crc: crc32c(bytes) };
      entries.push([Buffer.from(tensor.key), encodeEntry(tensor, offset, stored)]);
      offset += stored.bytes.length;
      waiting.push(stored.bytes);
      waitingBytes += stored.bytes.length;
      if (waitingBytes >= bytesPerWrite) await write();
    }
    await write();
  });
  await createFile(`${prefix}.index`, (file) => writeAll(file, encodeTable(entries)));
}

/** Small tensors are written together, until there are this many bytes. */
const bytesPerWrite = 2 ** 20;

function encodeEntry({ dataType, shape }: BundleTensor, offset: number, stored: StoredTensor): Uint8Array {
  const entry = create(BundleEntryProtoSchema, {
    dtype: dataType,
    shape: shapeProto(shape),
    shardId: 0,
    offset: BigInt(offset),
    size: BigInt(stored.bytes.length),
    crc32c: maskedCrc32c(stored.crc),
  });
  return toBinary(BundleEntryProtoSchema, entry);
}

interface StoredTensor {
  readonly bytes: Uint8Array;
  readonly crc: number;
}

/** A string scalar: its length, a checksum of the length as four bytes, then the bytes; see `WriteStringTensor`. */
function encodeString(bytes: Uint8Array): StoredTensor {
  const lengthCrc = crc32c(uint32(bytes.length));
  const lengthChecksum = uint32(maskedCrc32c(lengthCrc));
  return {
    bytes: Buffer.concat([varint(bytes.length), lengthChecksum, bytes]),
    crc: crc32c(bytes, crc32c(lengthChecksum, lengthCrc)),
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
