import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { stringVector } from '../../../src/ops/strings.js';
import { ExampleSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { FeatureSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/feature_pb.js';
import type * as tf from '../../../src/tensorflow/tf.js';

type Value = Uint8Array | string | readonly number[] | readonly bigint[];

/** Serialized tf.Examples: text and bytes become bytes_list, numbers float_list, bigints int64_list. */
export function serializedExamples(examples: readonly Readonly<Record<string, Value>>[]): tf.Tensor1D {
  const serialized = examples.map((example) => {
    const feature = Object.fromEntries(Object.entries(example).map(([key, value]) => [key, featureOf(value)]));
    return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } }));
  });
  return stringVector(serialized);
}

function featureOf(value: Value): MessageInitShape<typeof FeatureSchema> {
  if (typeof value === 'string') return { kind: { case: 'bytesList', value: { value: [Buffer.from(value)] } } };
  if (value instanceof Uint8Array) return { kind: { case: 'bytesList', value: { value: [value] } } };
  if (typeof value[0] === 'bigint') return { kind: { case: 'int64List', value: { value: value.map(String) } } };
  return { kind: { case: 'floatList', value: { value: value as number[] } } };
}
