import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import { wordsOf } from '../../errors.js';
import { encodeTfRecord } from '../../saved-model/checkpoint/tf-record.js';
import { ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import { type Feature, FeatureSchema } from '../../tensorflow/protos/tensorflow/core/example/feature_pb.js';
import { quoted } from '../../text/printable.js';
import { hasTooManyValues, mostValues } from './example-values.js';
import type { FoundSample, Sample, SampleOptions, ShardFault } from './sample.js';
import type { TfRecord } from './tf-records.js';

/** Names of the features: first those of Google's own data sets and of `pack-dataset`, then those of TensorFlow Datasets. */
const names = {
  image: ['image/encoded', 'image'],
  label: ['image/class/label', 'label', 'labels'],
  text: ['image/class/text'],
  name: ['image/filename', 'image/file_name', 'file_name', 'filename', 'image/id', 'id'],
  subset: ['image/split'],
} as const;

/** Names of the features that a data set of TensorFlow Datasets lists in its `features.json`. */
export interface FeatureNames {
  readonly image?: string | undefined;
  readonly label?: string | undefined;
}

/** The record of a sample: a tf.Example with the features of Google's own sets. */
export function encodeExample(sample: Sample): Uint8Array {
  const { bytes, name, labels, texts, subset, format, width, height } = sample;
  const feature = {
    'image/encoded': bytesFeature([bytes]),
    'image/format': textFeature([format]),
    'image/height': integerFeature([height]),
    'image/width': integerFeature([width]),
    'image/filename': textFeature([name]),
    'image/class/label': integerFeature(labels),
    'image/class/text': textFeature(texts),
    ...(subset && { 'image/split': textFeature([subset]) }),
  };
  const example = create(ExampleSchema, { features: { feature } });
  return encodeTfRecord(toBinary(ExampleSchema, example));
}

function bytesFeature(value: Uint8Array[]): Feature {
  return create(FeatureSchema, { kind: { case: 'bytesList', value: { value } } });
}

function textFeature(texts: readonly string[]): Feature {
  return bytesFeature(texts.map((text) => Buffer.from(text)));
}

function integerFeature(value: readonly number[]): Feature {
  return create(FeatureSchema, { kind: { case: 'int64List', value: { value: value.map(String) } } });
}

/** Takes an image out of the tf.Example of a record. */
export function exampleSample(
  { offset, payload }: TfRecord,
  { labelField, areLabelled = false, image, label }: SampleOptions & FeatureNames,
): FoundSample | ShardFault {
  const broken = (fault: string): ShardFault => ({ offset, kind: 'corrupt', fault });
  let features: Readonly<Record<string, Feature>>;
  try {
    if (hasTooManyValues(payload))
      return { offset, kind: 'too-large', fault: `has a record of more than ${mostValues} values` };
    features = fromBinary(ExampleSchema, payload, { readUnknownFields: false }).features?.feature ?? {};
  } catch (error) {
    return broken(`has a record that is not a tf.Example: ${wordsOf(error)}`);
  }
  const find = (wanted: readonly string[]) => {
    const name = wanted.find((each) => Object.hasOwn(features, each));
    return name === undefined ? undefined : features[name];
  };
  const known = () => quoted(Object.keys(features).slice(0, 10));
  const [bytes, ...others] = bytesOf(find(image === undefined ? names.image : [image]));
  if (!bytes) return broken(`has a tf.Example without image/encoded or image. Received: ${known()}`);
  if (others.length > 0) return broken(`has a tf.Example with ${others.length + 1} images`);
  const labels = find(labelField === undefined ? (label === undefined ? names.label : [label]) : [labelField]);
  if (!labels && !areLabelled) return broken(`has a tf.Example without the class, ${labelField ?? 'image/class/label or label'} (--label-field). Received: ${known()}`); // prettier-ignore
  return {
    // The bytes that were read are a part of the payload.
    offset: offset + bytes.byteOffset - payload.byteOffset,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    name: textsOf(find(names.name))[0] ?? null,
    labels: labels && !areLabelled ? labelsOf(labels) : [],
    texts: labelField === undefined && !areLabelled ? textsOf(find(names.text)) : [],
    subset: textsOf(find(names.subset))[0] ?? null,
  };
}

function bytesOf(feature: Feature | undefined): readonly Uint8Array[] {
  return feature?.kind.case === 'bytesList' ? feature.kind.value.value : [];
}

function textsOf(feature: Feature | undefined): string[] {
  return bytesOf(feature).map((bytes) => Buffer.from(bytes).toString());
}

function labelsOf(feature: Feature): (number | string)[] {
  const { kind } = feature;
  return kind.case === 'int64List' ? kind.value.value.map(Number) : textsOf(feature);
}
