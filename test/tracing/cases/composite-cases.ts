import * as tf from '../../../src/tensorflow/tf.js';
import { type CoverageCase, float, int, traces } from './coverage-case.js';

const gradient = true;
const labels = float(['b', 4], 0, 1);
const predictions = float(['b', 4], 0.1, 0.9);

type LossFunction = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

const losses: readonly (readonly [string, LossFunction, boolean])[] = [
  ['absoluteDifference', (y, p) => tf.losses.absoluteDifference(y, p), true],
  ['cosineDistance', (y, p) => tf.losses.cosineDistance(y, p, 1), true],
  ['hingeLoss', (y, p) => tf.losses.hingeLoss(tf.round(y), p), true],
  ['huberLoss', (y, p) => tf.losses.huberLoss(y, p), true],
  ['logLoss', (y, p) => tf.losses.logLoss(y, p), true],
  ['meanSquaredError', (y, p) => tf.losses.meanSquaredError(y, p), true],
  ['sigmoidCrossEntropy', (y, p) => tf.losses.sigmoidCrossEntropy(y, p), true],
  ['softmaxCrossEntropy', (y, p) => tf.losses.softmaxCrossEntropy(y, p), true],
  ['softmaxCrossEntropy with smoothed labels', (y, p) => tf.losses.softmaxCrossEntropy(y, p, undefined, 0.1), true],
];

const metrics: readonly (readonly [string, LossFunction])[] = [
  ['binaryAccuracy', (y, p) => tf.metrics.binaryAccuracy(tf.round(y), p)],
  ['binaryCrossentropy', (y, p) => tf.metrics.binaryCrossentropy(y, p)],
  ['categoricalAccuracy', (y, p) => tf.metrics.categoricalAccuracy(y, p)],
  ['categoricalCrossentropy', (y, p) => tf.metrics.categoricalCrossentropy(y, p)],
  ['cosineProximity', (y, p) => tf.metrics.cosineProximity(y, p)],
  ['meanAbsoluteError', (y, p) => tf.metrics.meanAbsoluteError(y, p)],
  ['meanAbsolutePercentageError', (y, p) => tf.metrics.meanAbsolutePercentageError(y, p)],
  ['meanSquaredError', (y, p) => tf.metrics.meanSquaredError(y, p)],
  ['precision', (y, p) => tf.metrics.precision(tf.round(y), tf.round(p))],
  ['recall', (y, p) => tf.metrics.recall(tf.round(y), tf.round(p))],
];

export const compositeCases: readonly CoverageCase[] = [
  ...losses.map(([name, fn, withGradient]) =>
    traces(`losses.${name}`, '', [labels, predictions], fn, { gradient: withGradient ? [1] : false }),
  ),
  ...metrics.map(([name, fn]) => traces(`metrics.${name}`, '', [labels, predictions], fn)),
  traces('metrics.sparseCategoricalAccuracy', '', [float(['b'], 0, 0), predictions], (y: tf.Tensor, p: tf.Tensor) =>
    tf.metrics.sparseCategoricalAccuracy(y, p),
  ),
  traces(
    'a loss with weights',
    '',
    [labels, predictions, float(['b', 1], 0.5, 1)],
    (y: tf.Tensor, p: tf.Tensor, w: tf.Tensor) => tf.losses.meanSquaredError(y, p, w),
    { gradient: [1] },
  ),
  traces(
    'the mean of a loss with weights',
    '',
    [labels, predictions, float(['b', 1], 0.5, 1)],
    (y: tf.Tensor, p: tf.Tensor, w: tf.Tensor) => tf.losses.meanSquaredError(y, p, w, tf.Reduction.MEAN),
    { gradient: [1] },
  ),
  traces(
    'the sum of a loss',
    '',
    [labels, predictions],
    (y: tf.Tensor, p: tf.Tensor) => tf.losses.meanSquaredError(y, p, undefined, tf.Reduction.SUM),
    { gradient: [1] },
  ),
  traces('computeWeightedLoss', '', [predictions], (p: tf.Tensor) => tf.losses.computeWeightedLoss(p), { gradient }),
  traces(
    'sparse labels as one-hot',
    '',
    [int(['b'], 0, 4), predictions],
    (y: tf.Tensor, p: tf.Tensor) => tf.losses.softmaxCrossEntropy(tf.oneHot(y, 4), p),
    { gradient: [1] },
  ),
  traces('movingAverage', '', [float(['n']), float(['n'])], (v: tf.Tensor, x: tf.Tensor) =>
    tf.movingAverage(v, x, 0.9, 3),
  ),
  traces('confusionMatrix', '', [int(['n'], 0, 3), int(['n'], 0, 3)], (a: tf.Tensor1D, b: tf.Tensor1D) =>
    tf.math.confusionMatrix(a, b, 3),
  ),
  traces(
    'attention',
    '',
    [float(['b', null, 4]), float(['b', 's', 4]), float(['b', 's', 5])],
    (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) =>
      tf.matMul(tf.softmax(tf.div(tf.matMul(q, k, false, true), Math.sqrt(4))), v),
    { gradient },
  ),
  traces(
    'attention with a causal mask',
    '',
    [float([null, null, 4])],
    (x: tf.Tensor3D) => {
      const n = x.shape[1];
      const rows = tf.reshape(tf.range(0, n), [n, 1]);
      const columns = tf.reshape(tf.range(0, n), [1, n]);
      const mask = tf.greaterEqual(rows, columns);
      const scores = tf.matMul(x, x, false, true);
      return tf.matMul(tf.softmax(tf.where(tf.expandDims(mask, 0), scores, -1e9)), x);
    },
    { gradient },
  ),
  traces(
    'positions added',
    '',
    [float([null, null, 4]), float([60, 4])],
    (x: tf.Tensor3D, table: tf.Tensor) => tf.add(x, tf.gather(table, tf.range(0, x.shape[1], 1, 'int32'))),
    { gradient: [0] },
  ),
  traces(
    'positions sliced',
    '',
    [float([null, null, 4]), float([150, 4])],
    (x: tf.Tensor3D, table: tf.Tensor) => tf.add(x, tf.slice(table, [0, 0], [x.shape[1], 4])),
    { gradient },
  ),
  traces(
    'heads split and merged',
    '',
    [float([null, null, 6])],
    (x: tf.Tensor3D) => {
      const [b, n] = x.shape;
      const heads = tf.transpose(tf.reshape(x, [b, n, 3, 2]), [0, 2, 1, 3]);
      return tf.reshape(tf.transpose(heads, [0, 2, 1, 3]), [b, n, 6]);
    },
    { gradient },
  ),
  traces(
    'patches of a picture',
    '',
    [float([null, 8, 8, 3])],
    (x: tf.Tensor4D) => tf.reshape(tf.transpose(tf.reshape(x, [-1, 2, 4, 2, 12]), [0, 1, 3, 2, 4]), [-1, 4, 48]),
    { gradient },
  ),
  traces(
    'mixed chains',
    '',
    [float([null, null, 3]), float([3])],
    (x: tf.Tensor, w: tf.Tensor) =>
      tf.tanh(tf.mul(tf.sigmoid(tf.add(tf.exp(x), w)), tf.sub(tf.mean(x, 1, true), tf.max(x, [0], true)))),
    { gradient },
  ),
  traces(
    'basicLSTMCell',
    '',
    [float(['b', 3]), float(['b', 2]), float(['b', 2]), float([5, 8]), float([8])],
    (x: tf.Tensor2D, c: tf.Tensor2D, h: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor1D) => {
      const [newC, newH] = tf.basicLSTMCell(tf.scalar(1), kernel, bias, x, c, h);
      return { c: newC, h: newH };
    },
    { gradient: [0, 3] },
  ),
  traces('a fifth of a size', '', [float([null, null])], (x: tf.Tensor2D) => tf.ones([Math.floor(x.shape[1] / 5)])),
  traces('the longer side', '', [float([null, null, null])], (x: tf.Tensor3D) =>
    tf.ones([Math.max(x.shape[1], x.shape[2])]),
  ),
  traces('hammingWindow of a size', '', [float([null])], (x: tf.Tensor1D) =>
    tf.mul(x, tf.signal.hammingWindow(8).sum()),
  ),
  traces(
    'a gradient of a gradient',
    '',
    [float([null, null])],
    (x: tf.Tensor) => tf.grad((y) => tf.sum(tf.mul(tf.tanh(y), y)))(x),
    { gradient },
  ),
];
