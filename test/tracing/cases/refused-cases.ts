import * as tf from '../../../src/tensorflow/tf.js';
import { float, int, type RefusedCase, refused } from './coverage-case.js';

const sizeOfValues = 'the size of its result depends on values';
const boxes = [float(['n', 4]), float(['n'])];

export const refusedCases: readonly RefusedCase[] = [
  refused('unique', 'Unique', [float([null])], (x: tf.Tensor) => tf.unique(x).values, {
    because: sizeOfValues,
    message: 'Unique has a result whose size depends on values',
  }),
  refused(
    'nonMaxSuppression',
    'NonMaxSuppressionV3',
    boxes,
    (b: tf.Tensor2D, s: tf.Tensor1D) => tf.image.nonMaxSuppression(b, s, 5),
    { because: sizeOfValues, message: 'NonMaxSuppressionV3 has a result whose size depends on values' },
  ),
  refused(
    'nonMaxSuppressionWithScore',
    'NonMaxSuppressionV5',
    boxes,
    (b: tf.Tensor2D, s: tf.Tensor1D) => ({ ...tf.image.nonMaxSuppressionWithScore(b, s, 5) }),
    { because: sizeOfValues, message: 'NonMaxSuppressionV5 has a result whose size depends on values' },
  ),
  refused(
    'nonMaxSuppressionPadded of an unknown number of boxes',
    'NonMaxSuppressionV4',
    boxes,
    (b: tf.Tensor2D, s: tf.Tensor1D) => ({ ...tf.image.nonMaxSuppressionPadded(b, s, 5, 0.5, 0, true) }),
    {
      because: 'only padded, of a known number of boxes and with a smaller `maxOutputSize`',
      message: 'NonMaxSuppressionV4 is traced only with padToMaxOutputSize',
    },
  ),
  refused('dropout', '', [float([null, 3])], (x: tf.Tensor) => tf.dropout(x, 0.5), {
    because: 'drawn in JavaScript',
    message: 'JavaScript draws it at random',
  }),
  refused('randomUniform', '', [float([null, 3])], (x: tf.Tensor2D) => tf.add(x, tf.randomUniform(x.shape)), {
    because: 'drawn in JavaScript',
    message: 'JavaScript draws it at random',
  }),
  refused('unstack of a batch', '', [float([null, 3])], (x: tf.Tensor) => tf.addN(tf.unstack(x)), {
    because: 'the number of results depends on a size',
    message: 'the attribute "num" of Unpack depends on a size',
  }),
  refused(
    'the gradient of gather in batches',
    '',
    [float(['b', 6]), int(['b', null], 0, 6)],
    (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i, 1, 1),
    { because: 'TF.js loops over the batch', message: 'takes another path for other sizes', gradient: true },
  ),
  refused(
    'a dilated pool of an unknown size',
    '',
    [float([null, null, null, 3])],
    (x: tf.Tensor4D) => tf.pool(x, 2, 'max', 'same', 2),
    { because: 'TF.js pads by the remainder of the size', message: 'SpaceToBatchND' },
  ),
  refused(
    'a square root of a size',
    '',
    [float([null, null])],
    (x: tf.Tensor2D) => tf.ones([Math.ceil(Math.sqrt(x.shape[1]))]),
    { because: 'no size', message: 'no input size explains it' },
  ),
];
