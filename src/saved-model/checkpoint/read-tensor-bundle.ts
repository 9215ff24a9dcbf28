import { type FileHandle, open, readFile, stat } from 'node:fs/promises';

import { fromBinary } from '@bufbuild/protobuf';

import { SignetError } from '../../errors.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  type BundleHeaderProto,
  BundleHeaderProto_Endianness,
  BundleHeaderProtoSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/tensor_bundle_pb.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import { ByteReader, damagedFile } from './byte-reader.js';
import { crc32c, maskedCrc32c } from './crc32c.js';
import { elementTypeName, elementTypeOf, type TensorValues } from './element-type.js';
import { jsonText } from '../../text/printable.js';
import { uint32 } from './leveldb-table.js';
import { decodeTable } from './read-leveldb-table.js';

/** Position of a tensor in a checkpoint. */
export interface BundleEntry {
  readonly key: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** Number of the data file that holds it. */
  readonly shard: number;
  readonly offset: number;
  /** Bytes on disk. */
  readonly size: number;
  readonly checksum: number;
  /** Whether it is cut into parts, as TensorFlow 1's partitioned variables are; its parts are not read. */
  readonly isPartitioned: boolean;
}

/** The version of the format that is read here; see `kTensorBundleVersion` in tensor_bundle.h. */
const formatVersion = 1;

/**
 * Reads the index of a checkpoint in TensorFlow's V2 format, without TensorFlow; the opposite of `writeTensorBundle`.
 *
 * Nothing in the file is trusted: types, shapes, offsets and sizes must agree before memory is allocated for a tensor.
 *
 * Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc and tensorflow/core/protobuf/tensor_bundle.proto.
 *
 * @param prefix The path up to `.index`: `models/LenetModel/1/variables/variables`.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function readTensorBundle(prefix: string): Promise<TensorBundle> {
  const file = `${prefix}.index`;
  const bytes = await readFile(file).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
  const [header, ...rest] = decodeTable(bytes, file);
  const shards = readHeader(header, file).numShards;
  // The parts of partitioned variables have keys that begin with a zero; see `EncodeTensorNameSlice`.
  const named = rest.filter(([key]) => key[0] !== 0);
  const entries = named.map(([key, value]) => readEntry(Buffer.from(key).toString(), value, shards, file));
  checkOverlap(entries, file);
  return new TensorBundle(prefix, shards, new Map(entries.map((entry) => [entry.key, entry])));
}

function cannotRead(file: string, error: unknown): SignetError {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = code === 'ENOENT' ? missing(file) : `${file} cannot be read: ${message}.`;
  return new SignetError('INVALID_SAVED_MODEL', what, { cause: error });
}

function missing(file: string): string {
  return `${file} is missing. Copy or save the model again.`;
}

/** A checkpoint whose index has been read; its tensors are read one by one. */
export class TensorBundle {
  constructor(
    /** The path up to `.index`. */
    readonly prefix: string,
    /** Number of data files. */
    readonly shards: number,
    /** Tensors by key, in the order of the keys' bytes. */
    readonly entries: ReadonlyMap<string, BundleEntry>,
  ) {}

  /** The path of a data file. */
  dataFile(shard: number): string {
    const digits = (number: number) => String(number).padStart(5, '0');
    return `${this.prefix}.data-${digits(shard)}-of-${digits(this.shards)}`;
  }

  /** Returns sentences about data that is missing on disk; none if all data files are large enough for their tensors. */
  async missingData(): Promise<string[]> {
    const ends = new Map<number, number>();
    for (const { shard, offset, size, isPartitioned } of this.entries.values()) {
      if (!isPartitioned) ends.set(shard, Math.max(ends.get(shard) ?? 0, offset + size));
    }
    const sentences = Array.from(ends, async ([shard, end]) => {
      const file = this.dataFile(shard);
      const size = await stat(file).then(
        (stats) => stats.size,
        () => null,
      );
      if (size === null) return [missing(file)];
      return size < end
        ? [`${file} is cut off: it has ${size} bytes. Expected: ${end} or more. Copy or save the model again.`]
        : [];
    });
    return (await Promise.all(sentences)).flat();
  }

  /**
   * Reads a tensor's elements, in row-major order. Its checksum is verified.
   *
   * @throws SignetError `INVALID_ARGUMENT` for an unknown key; `INVALID_SAVED_MODEL` when the data is damaged, missing or of a
   * kind that is not read here: partitioned, or of a type without a fixed size other than string.
   */
  async read(key: string): Promise<TensorValues> {
    const entry = this.entries.get(key);
    if (!entry) {
      throw new SignetError('INVALID_ARGUMENT', `${this.prefix} has no tensor ${jsonText(key)}.`);
    }
    const type = elementTypeOf(entry.dataType);
    if (entry.isPartitioned || (type === null && entry.dataType !== DataType.DT_STRING)) throw this.#unreadable(entry);
    const file = this.dataFile(entry.shard);
    const buffer = await readRange(file, entry);
    if (type === null) return decodeStrings(new Uint8Array(buffer), entry, file);
    checkChecksum(crc32c(new Uint8Array(buffer)), entry, file);
    return type.toValues(buffer);
  }

  #unreadable({ key, dataType, isPartitioned }: BundleEntry): SignetError {
    const what = isPartitioned ? 'is cut into parts (a partitioned variable)' : `is of ${elementTypeName(dataType)}`;
    return new SignetError(
      'INVALID_SAVED_MODEL',
      `The tensor ${jsonText(key)} of ${this.prefix} ${what}, which Signet does not read. Read it in Python with tf.train.load_variable.`,
    );
  }
}

function readHeader(entry: readonly [Uint8Array, Uint8Array] | undefined, file: string): BundleHeaderProto {
  if (entry?.[0].length !== 0) throw damagedFile(file, 'it has no header');
  const header = parsed(() => fromBinary(BundleHeaderProtoSchema, entry[1]), file, 'its header');
  const { numShards, endianness, version } = header;
  if (numShards < 1) throw damagedFile(file, `it has ${numShards} data files`);
  if (endianness !== BundleHeaderProto_Endianness.LITTLE || (version?.minConsumer ?? 0) > formatVersion) {
    const what = endianness === BundleHeaderProto_Endianness.LITTLE ? `version ${version?.minConsumer}` : 'big-endian';
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${file} is ${what}. Expected: a little-endian checkpoint of version ${formatVersion}. Save the model again with TensorFlow 2.`,
    );
  }
  return header;
}

function readEntry(key: string, value: Uint8Array, shards: number, file: string): BundleEntry {
  const name = `the entry ${jsonText(key)}`;
  const proto = parsed(() => fromBinary(BundleEntryProtoSchema, value), file, name);
  const isPartitioned = proto.slices.length > 0;
  const [offset, size] = [Number(proto.offset), Number(proto.size)];
  if (!isCount(offset) || !isCount(size) || !isCount(offset + size)) {
    throw damagedFile(file, `${name} lies at ${proto.offset} and has ${proto.size} bytes`);
  }
  if (proto.shardId < 0 || proto.shardId >= shards) {
    throw damagedFile(file, `${name} lies in data file ${proto.shardId} of ${shards}`);
  }
  const shape = readShape(proto, file, name);
  if (!isPartitioned) checkSize(proto, shape, file, name);
  const { dtype: dataType, shardId: shard, crc32c: checksum } = proto;
  return { key, dataType, shape, shard, offset, size, checksum, isPartitioned };
}

function parsed<T>(parse: () => T, file: string, what: string): T {
  try {
    return parse();
  } catch (error) {
    throw damagedFile(file, `${what} is not a protocol buffer`, { cause: error });
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function readShape({ shape }: BundleEntryProto, file: string, name: string): number[] {
  const sizes = (shape?.dim ?? []).map(({ size }) => Number(size));
  if (shape?.unknownRank || !sizes.every(isCount) || !isCount(sizeFromShape(sizes))) {
    const shown = shape?.unknownRank ? 'unknown' : `[${shape?.dim.map(({ size }) => size).join(', ')}]`;
    throw damagedFile(file, `the shape of ${name} is ${shown}`);
  }
  return sizes;
}

/** Checks that the bytes on disk match type and shape: a string takes at least the byte that holds its length. */
function checkSize({ dtype, size }: BundleEntryProto, shape: readonly number[], file: string, name: string): void {
  const type = elementTypeOf(dtype);
  const count = sizeFromShape(shape);
  const isPossible = type
    ? Number(size) === count * type.bytes
    : dtype !== DataType.DT_STRING || Number(size) >= count + 4;
  if (isPossible) return;
  throw damagedFile(file, `${name} is ${elementTypeName(dtype)}[${shape.join(', ')}] but has ${size} bytes`);
}

/** If tensors could overlap, a small file could fill any amount of memory. */
function checkOverlap(entries: readonly BundleEntry[], file: string): void {
  const stored = entries.filter(({ isPartitioned, size }) => !isPartitioned && size > 0);
  const sorted = stored.toSorted((a, b) => a.shard - b.shard || a.offset - b.offset);
  sorted.forEach((entry, i) => {
    const before = sorted[i - 1];
    if (before?.shard === entry.shard && before.offset + before.size > entry.offset) {
      throw damagedFile(file, `the tensors ${jsonText(before.key)} and ${jsonText(entry.key)} overlap`);
    }
  });
}

/** The bytes of a tensor in memory of their own, which is allocated only if the file has that many. */
async function readRange(file: string, { key, offset, size }: BundleEntry): Promise<ArrayBuffer> {
  const handle = await open(file).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
  try {
    const { size: length } = await handle.stat();
    if (offset + size > length) {
      throw damagedFile(file, `it has ${length} bytes, but the tensor ${jsonText(key)} ends at ${offset + size}`);
    }
    const buffer = new ArrayBuffer(size);
    await readAll(handle, new Uint8Array(buffer), offset, file);
    return buffer;
  } finally {
    await handle.close();
  }
}

async function readAll(handle: FileHandle, bytes: Uint8Array, offset: number, file: string): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) throw damagedFile(file, 'it became shorter while it was read');
    done += bytesRead;
  }
}

function checkChecksum(crc: number, { key, checksum }: BundleEntry, file: string): void {
  if (maskedCrc32c(crc) !== checksum) throw damagedFile(file, `the checksum of the tensor ${jsonText(key)} differs`);
}

/** Decodes the lengths of the strings, a checksum of them, then the strings; see `WriteStringTensor`. */
function decodeStrings(bytes: Uint8Array, entry: BundleEntry, file: string): Uint8Array[] {
  const reader = new ByteReader(bytes, file);
  const lengths = Array.from({ length: sizeFromShape(entry.shape) }, () => reader.varint());
  const lengthsCrc = lengths.reduce((crc, length) => crc32c(lengthBytes(length), crc), 0);
  if (reader.uint32() !== maskedCrc32c(lengthsCrc)) {
    throw damagedFile(file, `the checksum of the lengths in the tensor ${jsonText(entry.key)} differs`);
  }
  const text = bytes.subarray(reader.position);
  checkChecksum(crc32c(text, crc32c(uint32(maskedCrc32c(lengthsCrc)), lengthsCrc)), entry, file);
  const strings = lengths.map((length) => reader.take(length));
  if (reader.remaining > 0) throw damagedFile(file, `the tensor ${jsonText(entry.key)} is longer than its strings`);
  return strings;
}

/** A length as its checksum covers it: four bytes, or eight where four are too few. */
function lengthBytes(length: number): Uint8Array {
  if (length < 2 ** 32) return uint32(length);
  return Buffer.concat([uint32(length % 2 ** 32), uint32(Math.floor(length / 2 ** 32))]);
}
