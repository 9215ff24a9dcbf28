import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';

import { createRandom, type Random } from '../../../src/data/dataset/random.js';
import { SignetError } from '../../../src/errors.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { crc32c, maskedCrc32c } from '../../../src/saved-model/checkpoint/crc32c.js';
import { elementTypeOf } from '../../../src/saved-model/checkpoint/element-type.js';
import { encodeTable, type TableEntry, uint32, varint } from '../../../src/saved-model/checkpoint/leveldb-table.js';
import { decodeTable } from '../../../src/saved-model/checkpoint/read-leveldb-table.js';
import { readTensorBundle } from '../../../src/saved-model/checkpoint/read-tensor-bundle.js';
import { listVariables, readVariables } from '../../../src/saved-model/read/read-variables.js';
import { type BundleTensor, writeTensorBundle } from '../../../src/saved-model/checkpoint/tensor-bundle.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  BundleEntryProtoSchema,
  BundleHeaderProto_Endianness,
  BundleHeaderProtoSchema,
} from '../../../src/tensorflow/protos/tensorflow/core/protobuf/tensor_bundle_pb.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let directory: string;
let model: LenetModel;

beforeAll(async () => {
  directory = path.join(await temporaryFolderForAll(), 'LenetModel', '1');
  model = new LenetModel({ classNames: ['ape', 'bee'], seed: 3 });
  await model.save(directory);
});

describe('readVariables', () => {
  it('gives the weights that the model was saved with', async () => {
    const variables = await readVariables(directory);
    const byName = new Map(variables.map((variable) => [variable.name, variable]));
    expect(byName.size).toBe(10);
    for (const weight of model.weights) {
      const { originalName, name } = weight;
      const read = weight.read();
      const variable = byName.get(name) ?? byName.get(originalName);
      expect(variable, name).toMatchObject({ dtype: 'float32', shape: read.shape });
      expect(variable?.values).toEqual(read.dataSync());
    }
  });

  it('lists the same without the values', async () => {
    const listed = await listVariables(directory);
    expect(listed).toEqual(
      (await readVariables(directory)).map(({ name, key, dtype, shape, bytes }) => ({
        name,
        key,
        dtype,
        shape,
        bytes,
      })),
    );
    expect(listed[0]).toEqual({
      name: 'conv1/kernel',
      key: 'variables/0/.ATTRIBUTES/VARIABLE_VALUE',
      dtype: 'float32',
      shape: [5, 5, 3, 6],
      bytes: 1800,
    });
  });

  it('says what is missing, cut off or damaged', async () => {
    const copy = path.join(await temporaryFolder(), '1');
    await new LenetModel({ classNames: ['ape', 'bee'], seed: 3 }).save(copy);
    const data = path.join(copy, 'variables/variables.data-00000-of-00001');
    const bytes = await readFile(data);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(data, bytes);
    await expect(readVariables(copy)).rejects.toThrow(
      `${data} is damaged: the checksum of the tensor "variables/9/.ATTRIBUTES/VARIABLE_VALUE" differs. Copy or save the model again.`,
    );
    await truncate(data, bytes.length - 1);
    await expect(readVariables(copy)).rejects.toThrow(`${data} is damaged: it has ${bytes.length - 1} bytes, but`);
    const index = path.join(copy, 'variables/variables.index');
    await truncate(index, 100);
    await expect(listVariables(copy)).rejects.toThrow(`${index} is damaged: it does not end as a LevelDB table does.`);
    await expect(readVariables(path.dirname(copy))).rejects.toThrow(`Give one of the SavedModels in it: ${copy}.`);
  });
});

describe('a checkpoint', () => {
  it('is read as it was written: 100 random ones', async () => {
    const folder = await temporaryFolder();
    for (let seed = 0; seed < 100; seed += 1) {
      const tensors = randomTensors(createRandom(seed));
      const prefix = path.join(folder, String(seed));
      await writeTensorBundle(prefix, tensors);
      const bundle = await readTensorBundle(prefix);
      expect([...bundle.entries.keys()].toSorted(), `seed ${seed}`).toEqual(tensors.map(({ key }) => key).toSorted());
      expect(await bundle.missingData()).toEqual([]);
      for (const tensor of tensors) {
        expect(bundle.entries.get(tensor.key)).toMatchObject({ dataType: tensor.dataType, shape: tensor.shape });
        expect(await bundle.read(tensor.key), `seed ${seed}, ${tensor.key}`).toEqual(expectedValues(tensor));
      }
    }
  });

  it('names the tensor that is not there', async () => {
    const bundle = await readTensorBundle(path.join(directory, 'variables/variables'));
    await expect(bundle.read('w\u202e')).rejects.toThrow(String.raw`has no tensor "w\u202e".`);
  });

  it('is refused with a SignetError, whichever bit of its index is turned', async () => {
    const index = await readFile(path.join(directory, 'variables/variables.index'));
    const whole = decodeTable(index, 'x');
    for (let bit = 0; bit < 8 * index.length; bit += 1) {
      const damaged = Buffer.from(index);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const result = attempt(() => decodeTable(damaged, 'x'));
      // The block of meta data is empty, and what fills up the footer is not read.
      if (result instanceof Error) expectInvalid(result);
      else expect(result).toEqual(whole);
    }
  });

  it('is refused wherever its index is cut off', async () => {
    const index = await readFile(path.join(directory, 'variables/variables.index'));
    for (let length = 0; length < index.length; length += 1) {
      expectInvalid(attempt(() => decodeTable(index.subarray(0, length), 'x')));
    }
  });
});

const dataTypes = [
  ...[DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_INT32, DataType.DT_INT64, DataType.DT_UINT8],
  ...[DataType.DT_BOOL, DataType.DT_INT8, DataType.DT_UINT16, DataType.DT_UINT64, DataType.DT_COMPLEX64],
  DataType.DT_STRING,
];

function randomTensors(random: Random): BundleTensor[] {
  const below = (limit: number) => Math.floor(random() * limit);
  const keys = new Set(
    Array.from({ length: below(60) }, () => `${'layer/'.repeat(1 + below(4))}${below(2) ? 'é' : 'w'}_${below(1000)}`),
  );
  return Array.from(keys, (key) => {
    const dataType = dataTypes[below(dataTypes.length)] ?? DataType.DT_FLOAT;
    const shape = dataType === DataType.DT_STRING ? [] : Array.from({ length: below(4) }, () => below(6));
    const count = shape.reduce((product, size) => product * size, 1);
    const length = (elementTypeOf(dataType)?.bytes ?? below(300)) * count;
    const limit = dataType === DataType.DT_BOOL ? 2 : 256;
    const bytes = Uint8Array.from({ length }, () => below(limit));
    return { key, dataType, shape, read: () => bytes };
  });
}

function expectedValues({ dataType, read }: BundleTensor): unknown {
  const bytes = Uint8Array.from(read());
  return elementTypeOf(dataType)?.toValues(bytes.buffer) ?? [bytes];
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function expectInvalid(error: unknown): void {
  expect(error).toBeInstanceOf(SignetError);
  expect((error as SignetError).code).toBe('INVALID_SAVED_MODEL');
}

/** An index whose checksums are right, whatever else is wrong. */
function hostileIndex(
  entry: MessageInitShape<typeof BundleEntryProtoSchema>,
  header: MessageInitShape<typeof BundleHeaderProtoSchema> = {},
  more: TableEntry[] = [],
): Uint8Array {
  const headerBytes = toBinary(BundleHeaderProtoSchema, create(BundleHeaderProtoSchema, { numShards: 1, ...header }));
  return encodeTable([[new Uint8Array(), headerBytes], [Buffer.from('w'), encodeEntry(entry)], ...more]);
}

function encodeEntry(entry: MessageInitShape<typeof BundleEntryProtoSchema>): Uint8Array {
  return toBinary(BundleEntryProtoSchema, create(BundleEntryProtoSchema, { dtype: DataType.DT_FLOAT, ...entry }));
}

const shape = (...sizes: (number | bigint)[]) => ({ dim: sizes.map((size) => ({ size: BigInt(size) })) });
const four = { shape: shape(2, 2), size: 16n };

describe('a hostile index', () => {
  it.each([
    [
      'a dimension beyond all memory',
      hostileIndex({ shape: shape(2n ** 62n), size: 4n }),
      'the shape of the entry "w" is',
    ],
    [
      'dimensions that overflow',
      hostileIndex({ shape: shape(2n ** 40n, 2n ** 40n), size: 0n }),
      'the shape of the entry "w"',
    ],
    [
      'a negative dimension',
      hostileIndex({ shape: shape(-2, -2), size: 16n }),
      'the shape of the entry "w" is [-2, -2]',
    ],
    [
      'an unknown rank',
      hostileIndex({ shape: { unknownRank: true }, size: 16n }),
      'the shape of the entry "w" is unknown',
    ],
    ['another size', hostileIndex({ ...four, size: 15n }), 'the entry "w" is float32[2, 2] but has 15 bytes'],
    [
      'strings that are more than bytes',
      hostileIndex({ dtype: DataType.DT_STRING, shape: shape(2 ** 40), size: 100n }),
      'but has 100 bytes',
    ],
    ['a negative offset', hostileIndex({ ...four, offset: -16n }), 'lies at -16'],
    ['a shard too many', hostileIndex({ ...four, shardId: 1 }), 'lies in data file 1 of 1'],
    ['no shards', hostileIndex(four, { numShards: 0 }), 'it has 0 data files'],
    ['big-endian numbers', hostileIndex(four, { endianness: BundleHeaderProto_Endianness.BIG }), 'is big-endian.'],
    ['a later version', hostileIndex(four, { version: { minConsumer: 2 } }), 'is version 2.'],
    [
      'tensors on top of each other',
      hostileIndex(four, {}, [[Buffer.from('x'), encodeEntry({ ...four, offset: 8n })]]),
      'the tensors "w" and "x" overlap',
    ],
    [
      'keys out of order',
      encodeTable([
        [Buffer.from('b'), four16()],
        [Buffer.from('a'), four16()],
      ]),
      'not in order',
    ],
    ['no header', encodeTable([[Buffer.from('w'), four16()]]), 'it has no header'],
    ['a header that is none', encodeTable([[new Uint8Array(), Buffer.of(255)]]), 'its header is not a protocol buffer'],
  ])('with %s is refused', async (_, index, message) => {
    const prefix = path.join(await temporaryFolder(), 'variables');
    await writeFile(`${prefix}.index`, index);
    const error = await readTensorBundle(prefix).catch((reason: unknown) => reason);
    expectInvalid(error);
    expect(String(error)).toContain(message);
  });

  it('takes no memory for data that is not there', async () => {
    const prefix = path.join(await temporaryFolder(), 'variables');
    await writeFile(`${prefix}.index`, hostileIndex({ shape: shape(2 ** 40), size: 2n ** 42n }));
    await writeFile(`${prefix}.data-00000-of-00001`, 'short');
    const bundle = await readTensorBundle(prefix);
    await expect(bundle.read('w')).rejects.toThrow('it has 5 bytes, but the tensor "w" ends at 4398046511104');
    expect(await bundle.missingData()).toEqual([
      `${prefix}.data-00000-of-00001 is cut off: it has 5 bytes. Expected: 4398046511104 or more. Copy or save the model again.`,
    ]);
  });

  it('unfolds into no more than bounded memory', () => {
    // Every key is 60 KiB, of which it writes three bytes: 60 KiB times 20,000 would be 1.2 GB.
    const long = Buffer.alloc(60_000, 'a');
    const rest = Array.from({ length: 20_000 }, (_, i) =>
      Buffer.concat([
        varint(59_997),
        varint(3),
        varint(0),
        Buffer.of(98 + (i >> 14), 98 + ((i >> 7) & 127), 98 + (i & 127)),
      ]),
    );
    const block = Buffer.concat([varint(0), varint(long.length), varint(0), long, ...rest, uint32(0), uint32(1)]);
    expect(() => decodeTable(tableOf(block), 'x')).toThrow('its keys take more than 268435456 bytes');
  });

  it('that is compressed is refused by name', () => {
    expect(() => decodeTable(tableOf(Buffer.of(0, 0, 0, 0, 1, 0, 0, 0), 1), 'x.index')).toThrow(
      'x.index is compressed by Snappy. Expected: an uncompressed table, as TensorFlow writes it.',
    );
  });
});

function four16(): Uint8Array {
  return encodeEntry(four);
}

/** A table around one data block. */
function tableOf(block: Uint8Array, compression = 0): Uint8Array {
  const withTrailer = (content: Uint8Array, type: number) => {
    const covered = Buffer.concat([content, Buffer.of(type)]);
    return Buffer.concat([covered, uint32(maskedCrc32c(crc32c(covered)))]);
  };
  const data = withTrailer(block, compression);
  const handle = Buffer.concat([varint(0), varint(block.length)]);
  const entry = Buffer.concat([varint(0), varint(1), varint(handle.length), Buffer.from('z'), handle]);
  const index = Buffer.concat([entry, uint32(0), uint32(1)]);
  const footer = Buffer.alloc(48);
  Buffer.concat([varint(0), varint(0), varint(data.length), varint(index.length)]).copy(footer);
  Buffer.from('57fb808b247547db', 'hex').copy(footer, 40);
  return Buffer.concat([data, withTrailer(index, 0), footer]);
}
