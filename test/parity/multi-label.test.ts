import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { accuracy, binaryCrossentropy } from '../../src/training/losses.js';
import { mulberry32 } from '../helpers/data/mulberry32.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { largestDifference } from '../helpers/training/optimizer-cases.js';

const script = `
import json, sys
import numpy as np, keras, tensorflow as tf
request = json.load(sys.stdin)
logits, labels = tf.constant(request['logits'], tf.float32), tf.constant(request['labels'], tf.float32)
answers = []
for smoothing, weights in request['cases']:
    with tf.GradientTape() as tape:
        tape.watch(logits)
        if weights:
            smooth = labels * (1 - smoothing) + smoothing / 2
            each = tf.nn.weighted_cross_entropy_with_logits(smooth, logits, tf.constant(weights, tf.float32))
            losses = tf.reduce_mean(each, -1)
        else:
            loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
            losses = loss(labels, logits)
        mean = tf.reduce_mean(losses)
    answers.append({'losses': losses.numpy().tolist(), 'gradient': tape.gradient(mean, logits).numpy().ravel().tolist()})
metric = keras.metrics.BinaryAccuracy(threshold=0.5)
metric.update_state(labels, tf.sigmoid(logits))
print(json.dumps({'answers': answers, 'accuracy': float(metric.result())}))
`;

interface Answers {
  readonly answers: readonly { readonly losses: number[]; readonly gradient: number[] }[];
  readonly accuracy: number;
}

const random = mulberry32(11);
const classes = 5;
/** Logits of usual sizes, at 0, and where probabilities round to 0 and 1. */
const logits = [
  ...Array.from({ length: 12 }, () => Array.from({ length: classes }, () => 6 * (random() - 0.5))),
  [0, 0, -0, 30, -30],
  [100, -100, 17, -17, 1e-4],
];
const labels = logits.map((row) => row.map(() => Number(random() < 0.4)));
const cases: readonly (readonly [labelSmoothing: number, positiveWeights: readonly number[] | null])[] = [
  [0, null],
  [0.1, null],
  [1, null],
  [0, [1, 2, 0.5, 9, 0]],
  [0.2, [3, 1, 1, 0.1, 7]],
];

function compute(labelSmoothing: number, positiveWeights: readonly number[] | null) {
  return tf.tidy(() => {
    const ys = tf.tensor2d(labels, undefined, 'int32');
    const lossesOf = (x: tf.Tensor) => binaryCrossentropy(ys, x, labelSmoothing, positiveWeights);
    const x = tf.tensor2d(logits);
    const gradient = tf.grad((at: tf.Tensor) => tf.mean(lossesOf(at)))(x);
    return { losses: Array.from(lossesOf(x).dataSync()), gradient: Array.from(gradient.dataSync()) };
  });
}

describe.skipIf(!hasPython())('binary cross-entropy, compared with Keras', () => {
  it('has the same losses and gradients within 1e-6, and the same accuracy', async () => {
    const { answers, accuracy: expected } = (await runPython(script, { logits, labels, cases })) as Answers;
    for (const [i, [labelSmoothing, weights]] of cases.entries()) {
      const received = compute(labelSmoothing, weights);
      const { losses, gradient } = answers[i] ?? { losses: [], gradient: [] };
      expect(received.losses).toHaveLength(losses.length);
      received.losses.forEach((loss, k) => {
        expect(Math.abs(loss - (losses[k] ?? NaN))).toBeLessThan(1e-6 * Math.max(1, Math.abs(loss)));
      });
      // At 0 the gradient of weighted_cross_entropy_with_logits is off, by its abs and relu; that of Keras's loss is right.
      const isCompared = (k: number) => weights === null || logits.flat()[k] !== 0;
      const [ours, theirs] = [received.gradient, gradient].map((all) => all.filter((_, k) => isCompared(k)));
      expect(largestDifference([ours ?? []], [theirs ?? []])).toBeLessThan(1e-6);
    }
    const [mean] = tf.tidy(() =>
      tf.mean(accuracy(tf.tensor2d(labels, undefined, 'int32'), tf.tensor2d(logits))).dataSync(),
    );
    expect(mean).toBeCloseTo(expected, 6);
  });
});
