import { SignetError } from '../errors.js';
import { attribute } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { Asset } from '../tracing/asset.js';
import { callOp } from './call-op.js';
import { readLines } from './read-file.js';

/**
 * The elements of `strings` at `indices`.
 *
 * @param strings string [n, ...]
 * @param indices int32, any shape, from 0 to n - 1.
 * @returns string [...indices' shape, ...strings' shape after the first]
 * @throws SignetError `TENSORFLOW_ERROR` for an index out of range.
 */
export function gatherStrings(strings: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const attributes = [
    attribute.type('Tparams', 'string'),
    attribute.type('Tindices', 'int32'),
    attribute.type('Taxis', 'int32'),
    attribute.int('batch_dims', 0),
  ];
  const shape = [...indices.shape, ...strings.shape.slice(1)];
  return tf.tidy(() => {
    const inputs = [strings, tf.cast(indices, 'int32'), tf.scalar(0, 'int32')];
    // Not run while it is traced, since there may be fewer made-up strings than the indices ask for.
    return callOp('GatherV2', attributes, inputs, { dtype: 'string', shape });
  });
}

/**
 * The labels of class indices.
 *
 * @param indices int32, any shape, such as `tf.argMax(logits, -1)`.
 * @param labels A file with one label per line, or string [classes].
 * @returns string of the indices' shape.
 * @throws SignetError `TENSORFLOW_ERROR` for an index without a label.
 */
export function lookUpLabel(indices: tf.Tensor, labels: Asset | tf.Tensor): tf.Tensor {
  return tf.tidy(() => gatherStrings(labels instanceof Asset ? readLines(labels) : labels, indices));
}

/** The best classes of each row, best first. */
export interface TopLabels {
  /** string [n, k] */
  readonly class_name: tf.Tensor;
  /** int32 [n, k] */
  readonly class_index: tf.Tensor;
  /** float32 [n, k] */
  readonly probability: tf.Tensor;
}

/**
 * The k best classes of each row, with their labels.
 *
 * @param probabilities float32 [n, classes]
 * @param labels A file with one label per line, or string [classes].
 * @param k At most the number of classes.
 */
export function topLabels(probabilities: tf.Tensor, labels: Asset | tf.Tensor, k: number): TopLabels {
  const classes = probabilities.shape.at(-1) ?? 0;
  if (!Number.isSafeInteger(k) || k < 1 || k > classes) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `topLabels takes 1 to ${classes} classes, as many as there are. Received: ${k}.`,
    );
  }
  return tf.tidy(() => {
    const { values, indices } = tf.topk(probabilities, k);
    return { class_name: lookUpLabel(indices, labels), class_index: indices, probability: values };
  });
}
