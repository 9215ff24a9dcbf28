import type { MessageInitShape } from '@bufbuild/protobuf';

import type { ClassificationResultSchema } from '../../../tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import type { RegressionResultSchema } from '../../../tensorflow/protos/tensorflow_serving/apis/regression_pb.js';
import { writeFloat } from './write-number.js';

/**
 * `{"results": [[["label", score], ...], ...]}`, a list for every example. TensorFlow's documentation says `result`, its code `results`.
 *
 * Source: tensorflow_serving/util/json_tensor.cc, `MakeJsonFromClassificationResult`.
 */
export function* classificationPieces({
  classifications = [],
}: MessageInitShape<typeof ClassificationResultSchema>): Generator<string, void, void> {
  yield '{"results": [';
  for (const [i, { classes = [] }] of classifications.entries()) {
    const pairs = classes.map(({ label = '', score = 0 }) => `[${JSON.stringify(label)}, ${writeFloat(score)}]`);
    yield `${i > 0 ? ', ' : ''}[${pairs.join(', ')}]`;
  }
  yield ']}';
}

/** `{"results": [number, ...]}`. Source: the same file, `MakeJsonFromRegressionResult`. */
export function* regressionPieces({
  regressions = [],
}: MessageInitShape<typeof RegressionResultSchema>): Generator<string, void, void> {
  yield '{"results": [';
  for (const [i, { value = 0 }] of regressions.entries()) yield `${i > 0 ? ', ' : ''}${writeFloat(value)}`;
  yield ']}';
}
