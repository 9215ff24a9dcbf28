import type { MessageInitShape } from '@bufbuild/protobuf';

import type { ClassificationResultSchema } from '../../../tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import type { RegressionResultSchema } from '../../../tensorflow/protos/tensorflow_serving/apis/regression_pb.js';
import { writeFloat } from './write-number.js';

/**
 * `{"results": [[["label", score], ...], ...]}`, a list for every example; TensorFlow's documentation says `result`, its code
 * this.
 *
 * Source: tensorflow_serving/util/json_tensor.cc, `MakeJsonFromClassificationResult`.
 */
export function writeClassifications({
  classifications = [],
}: MessageInitShape<typeof ClassificationResultSchema>): string {
  const rows = classifications.map(({ classes = [] }) => {
    const pairs = classes.map(({ label = '', score = 0 }) => `[${JSON.stringify(label)}, ${writeFloat(score)}]`);
    return `[${pairs.join(', ')}]`;
  });
  return `{"results": [${rows.join(', ')}]}`;
}

/** `{"results": [number, ...]}`. Source: the same, `MakeJsonFromRegressionResult`. */
export function writeRegressions({ regressions = [] }: MessageInitShape<typeof RegressionResultSchema>): string {
  return `{"results": [${regressions.map(({ value = 0 }) => writeFloat(value)).join(', ')}]}`;
}
