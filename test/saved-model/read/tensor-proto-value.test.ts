import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { createRandom, type Random } from '../../../src/data/dataset/random.js';
import { tensorValueOf, toTensorProto } from '../../../src/saved-model/read/tensor-proto-value.js';
import { dtypes } from '../../../src/tensorflow/data-type.js';
import { TensorProtoSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ElementValues, TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { drawValues } from '../../helpers/data/draw-values.js';

const overTheWire = (value: TensorValue, asContent: boolean): TensorValue => {
  const bytes = toBinary(TensorProtoSchema, toTensorProto(value, { asContent }));
  return tensorValueOf(fromBinary(TensorProtoSchema, bytes));
};

describe('a TensorValue', () => {
  const random = createRandom(7);

  it.each(dtypes.flatMap((dtype) => [true, false].map((asContent) => [dtype, asContent] as const)))(
    'of %s comes back from a TensorProto as it was (as content: %s)',
    (dtype, asContent) => {
      for (let i = 0; i < 50; i++) {
        const shape = Array.from({ length: below(random, 4) }, () => below(random, 5));
        const value = { dtype, shape, values: drawValues(dtype, size(shape), random) };
        expect(overTheWire(value, asContent)).toEqual(value);
      }
    },
  );

  it('is written into the typed field of its type, as TensorFlow does', () => {
    const proto = toTensorProto({ dtype: 'uint8', shape: [2], values: Uint8Array.of(3, 255) });
    expect(Array.from(proto.intVal)).toEqual([3, 255]);
    expect(proto.tensorContent).toHaveLength(0);
  });

  it('is a view of a message where alignment allows', () => {
    const aligned = create(TensorProtoSchema, {
      dtype: DataType.DT_FLOAT,
      tensorShape: { dim: [{ size: 2n }] },
      tensorContent: new Uint8Array(new ArrayBuffer(16), 8),
    });
    expect((tensorValueOf(aligned).values as Float32Array).buffer).toBe(aligned.tensorContent.buffer);
    aligned.tensorContent = new Uint8Array(new ArrayBuffer(16), 1, 8);
    expect(tensorValueOf(aligned).values).toEqual(new Float32Array(2));
  });
});

type Init = MessageInitShape<typeof TensorProtoSchema>;
const shaped = (...sizes: (number | bigint)[]) => ({
  tensorShape: { dim: sizes.map((each) => ({ size: BigInt(each) })) },
});

describe('a TensorProto', () => {
  it.each<[string, Init, ElementValues]>([
    ['repeats the last value', { dtype: DataType.DT_FLOAT, ...shaped(2, 2), floatVal: [1, 2] }, Float32Array.of(1, 2, 2, 2)],
    ['fills with one value', { dtype: DataType.DT_INT64, ...shaped(3), int64Val: [-9n] }, BigInt64Array.of(-9n, -9n, -9n)],
    ['is zero without values', { dtype: DataType.DT_INT32, ...shaped(2) }, Int32Array.of(0, 0)],
    ['is empty text without values', { dtype: DataType.DT_STRING, ...shaped(1) }, [new Uint8Array()]],
    ['repeats a string', { dtype: DataType.DT_STRING, ...shaped(2), stringVal: [Uint8Array.of(1)] }, [Uint8Array.of(1), Uint8Array.of(1)]],
    ['leaves what is too many', { dtype: DataType.DT_BOOL, ...shaped(1), boolVal: [true, false] }, Uint8Array.of(1)],
    ['is a scalar without a shape', { dtype: DataType.DT_UINT8, intVal: [200] }, Uint8Array.of(200)],
    ['holds any bool as 0 or 1', { dtype: DataType.DT_BOOL, ...shaped(3), tensorContent: Uint8Array.of(0, 1, 7) }, Uint8Array.of(0, 1, 1)],
    ['repeats the last double', { dtype: DataType.DT_DOUBLE, ...shaped(3), doubleVal: [0.1, -2e300] }, Float64Array.of(0.1, -2e300, -2e300)],
    ['takes the bits of a half', { dtype: DataType.DT_HALF, ...shaped(3), halfVal: [0x3c00, 0xfc00, 0x0001] }, Float32Array.of(1, -Infinity, 2 ** -24)],
    ['takes the bits of a bfloat16', { dtype: DataType.DT_BFLOAT16, ...shaped(2), halfVal: [0x3fc0] }, Float32Array.of(1.5, 1.5)],
    ['keeps the low bits of an int8', { dtype: DataType.DT_INT8, ...shaped(2), intVal: [-1, 200] }, Int8Array.of(-1, -56)],
    ['holds all of a uint64', { dtype: DataType.DT_UINT64, ...shaped(1), uint64Val: [2n ** 64n - 1n] }, BigUint64Array.of(2n ** 64n - 1n)],
    ['holds all of a uint32', { dtype: DataType.DT_UINT32, ...shaped(2), uint32Val: [2 ** 32 - 1] }, Uint32Array.of(2 ** 32 - 1, 2 ** 32 - 1)],
    ['repeats the last complex number', { dtype: DataType.DT_COMPLEX64, ...shaped(2), scomplexVal: [1, -2] }, Float32Array.of(1, -2, 1, -2)],
    ['leaves half a complex number', { dtype: DataType.DT_COMPLEX128, ...shaped(2), dcomplexVal: [1, 2, 3] }, Float64Array.of(1, 2, 1, 2)],
    ['is empty', { dtype: DataType.DT_FLOAT, ...shaped(0, 3), floatVal: [1] }, new Float32Array()],
  ])('%s', (_, init, values) => {
    expect(tensorValueOf(create(TensorProtoSchema, init)).values).toEqual(values);
  }); // prettier-ignore

  it.each<[string, Init, string]>([
    ['a resource', { dtype: DataType.DT_RESOURCE, ...shaped(1) }, 'Expected one of a type that Signet carries. Received: a tensor of type resource.'],
    ['no type', { ...shaped(1) }, 'Received: a tensor of type invalid.'],
    ['an unknown type', { dtype: 9999 as DataType }, 'Received: a tensor of type 9999.'],
    ['unknown rank', { dtype: DataType.DT_FLOAT, tensorShape: { unknownRank: true } }, 'Expected the size of every dimension. Received: a shape of unknown rank.'],
    ['a negative size', { dtype: DataType.DT_FLOAT, ...shaped(-1) }, 'Received: a dimension of size -1.'],
    ['too many dimensions', { dtype: DataType.DT_FLOAT, ...shaped(...new Array<number>(255).fill(1)) }, 'Expected 254 at most. Received: 255 dimensions.'],
    ['2^31 elements of one value', { dtype: DataType.DT_FLOAT, ...shaped(2 ** 31), floatVal: [1] }, 'Expected at most 268435456 bytes.'],
    ['an overflowing product', { dtype: DataType.DT_FLOAT, ...shaped(2n ** 32n, 2n ** 32n) }, 'Expected at most 268435456 bytes.'],
    ['an overflowing product that a 0 hides', { dtype: DataType.DT_FLOAT, ...shaped(2n ** 62n, 4, 0) }, 'Expected at most 268435456 bytes.'],
    ['a long string, repeated', { dtype: DataType.DT_STRING, ...shaped(100_000), stringVal: [new Uint8Array(10_000)] }, 'Expected at most 268435456 bytes.'],
    ['content too short', { dtype: DataType.DT_FLOAT, ...shaped(2), tensorContent: new Uint8Array(7) }, 'Expected 8 for the 2 elements of the shape. Received: 7 bytes in tensor_content.'],
    ['content too long', { dtype: DataType.DT_UINT8, tensorContent: new Uint8Array(2) }, 'Received: 2 bytes in tensor_content.'],
    ['strings as content', { dtype: DataType.DT_STRING, tensorContent: new Uint8Array(2) }, 'Expected them in string_val. Received: strings in tensor_content.'],
  ])('is refused: %s', (_, init, message) => {
    expect(() => tensorValueOf(create(TensorProtoSchema, init))).toThrow(message);
  }); // prettier-ignore
});

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}
