import { fromBinary } from '@bufbuild/protobuf';

import { SignetError } from '../errors.js';
import { dataTypeOf } from '../tensorflow/data-type.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { ExampleSchema } from '../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { Feature } from '../tensorflow/protos/tensorflow/core/example/feature_pb.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import { sampleTensor } from '../tracing/trace.js';
import { stringBytes } from './strings.js';

/** A feature that every example has, or that has a default, always with the same number of values. */
export interface FixedLenFeature {
  /** `int32` for the int64 values of an example: TF.js has no int64. */
  readonly dtype: 'string' | 'float32' | 'int32';
  /** Default: a scalar. */
  readonly shape?: readonly number[];
  /** Replaces a missing feature, at every position of the shape. Default: a missing feature is an error. */
  readonly defaultValue?: number | string;
}

/**
 * Reads serialized `tf.Example`s, as TensorFlow Serving's Classify and Regress receive them, as `tf.io.parse_example` does for features of fixed
 * length.
 *
 * Source: tensorflow/core/example/example.proto.
 *
 * @param serialized string [n]
 * @param features By key, such as `image/encoded`.
 * @returns [n, ...shape] by key.
 * @throws SignetError `SPEC_MISMATCH` when a feature is missing or of another type or length.
 */
export function parseExample<Key extends string>(
  serialized: tf.Tensor,
  features: Readonly<Record<Key, FixedLenFeature>>,
): Record<Key, tf.Tensor> {
  // TensorFlow takes the keys in any order and gives the values in that order.
  const entries = Object.entries<FixedLenFeature>(features);
  const tape = currentTape();
  const values = tape ? record(tape, serialized, entries) : tf.tidy(() => parse(serialized, entries));
  return Object.fromEntries(entries.map(([key], i) => [key, values[i]])) as Record<Key, tf.Tensor>;
}

type Entries = readonly (readonly [key: string, feature: FixedLenFeature])[];

function record(tape: Tape, serialized: tf.Tensor, entries: Entries): tf.Tensor[] {
  const typeOf = ({ dtype }: FixedLenFeature) => dataTypeOf(dtype === 'int32' ? 'int64' : dtype);
  const inputs = withListener(null, () => [
    ...[[], [], entries.map(([key]) => key), []].map((strings) => tf.tensor1d(strings, 'string')),
  ]);
  const defaults = entries.map(([, feature]) => defaultTensor(tape, feature));
  const outputs = withListener(null, () =>
    entries.map(([, { dtype, shape = [] }]) => sampleTensor({ dtype }, [serialized.shape[0], ...shape])),
  );
  const [names = serialized, sparseKeys = serialized, denseKeys = serialized, raggedKeys = serialized] = inputs;
  tape.record({
    op: 'ParseExampleV2',
    attributes: {
      Tdense: attr.types(entries.map(([, feature]) => typeOf(feature))),
      dense_shapes: attr.shapes(entries.map(([, { shape = [] }]) => shape)),
      num_sparse: attr.int(0),
      sparse_types: attr.types([]),
      ragged_value_types: attr.types([]),
      ragged_split_types: attr.types([]),
    },
    inputs: [serialized, names, sparseKeys, denseKeys, raggedKeys, ...defaults],
    outputs,
  });
  return outputs;
}

/** The value that replaces a missing feature; an empty tensor if there is no default. */
function defaultTensor(tape: Tape, { dtype, shape = [], defaultValue }: FixedLenFeature) {
  const size = tf.util.sizeFromShape([...shape]);
  const [values, sizes] =
    defaultValue === undefined ? [[], [0]] : [new Array<number | string>(size).fill(defaultValue), [...shape]];
  return withListener(null, () => {
    const tensor = tf.tensor(values, sizes, dtype);
    return dtype === 'int32' ? tape.int64Constant(tensor) : tensor;
  });
}

function parse(serialized: tf.Tensor, entries: Entries): tf.Tensor[] {
  const examples = stringBytes(serialized).map((bytes, i) => readExample(bytes, i));
  return entries.map(([key, feature]) => {
    const { dtype, shape = [] } = feature;
    const rows = examples.map((example, i) => rowOf(example[key], key, feature, i));
    const all = rows.flat() as number[];
    return tf.tensor(all, [examples.length, ...shape], dtype);
  });
}

function readExample(bytes: Uint8Array, position: number): Record<string, Feature> {
  try {
    return fromBinary(ExampleSchema, bytes).features?.feature ?? {};
  } catch (error) {
    throw new SignetError('SPEC_MISMATCH', `Element ${position} is not a serialized tf.Example.`, { cause: error });
  }
}

const kinds = { string: 'bytesList', float32: 'floatList', int32: 'int64List' } as const;

function rowOf(
  found: Feature | undefined,
  key: string,
  { dtype, shape = [], defaultValue }: FixedLenFeature,
  position: number,
): readonly (number | string | Uint8Array)[] {
  const size = tf.util.sizeFromShape([...shape]);
  const kind = found?.kind;
  if (kind?.case === undefined && defaultValue !== undefined) {
    return new Array<number | string>(size).fill(defaultValue);
  }
  const isExpected = kind?.case === kinds[dtype];
  // The values of an int64_list are text in JavaScript, since feature.proto says so.
  const values = isExpected ? Array.from<number | string | Uint8Array>(kind.value.value) : null;
  if (values?.length === size) return dtype === 'int32' ? values.map(Number) : values;
  const received = kind?.case ? `${kind.value.value.length} in a ${kind.case}` : 'no such feature';
  throw new SignetError(
    'SPEC_MISMATCH',
    `The tf.Example ${position} has ${size} values of "${key}" in its ${kinds[dtype]}. Received: ${received}.`,
  );
}
