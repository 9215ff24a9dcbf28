import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';

// Longer than what a TString holds without memory of its own.
const words = ['a string of more than twenty-two bytes', 'another string of more than twenty-two bytes'];

describe('strings that several tensors share', () => {
  it.each<[string, (x: tf.Tensor1D) => unknown]>([
    ['reshape', (x) => tf.reshape(x, [2, 1])],
    ['expandDims', (x) => tf.expandDims(x)],
    ['squeeze', (x) => tf.squeeze(tf.expandDims(x))],
    ['unstack', (x) => tf.unstack(tf.expandDims(x))],
    ['slice', (x) => tf.slice(x, [0], [2])],
    ['concat', (x) => tf.concat([x])],
    ['clone', (x) => tf.clone(x)],
  ])('are whole after the result of %s has been disposed of', (_, op) => {
    const x = tf.tensor1d(words);
    tf.tidy(() => void op(x));
    expect(x.dataSync()).toEqual(words);
  });

  it('are freed with the last of them', () => {
    const text = 'x'.repeat(1_000_000);
    const round = () => {
      for (let i = 0; i < 200; i += 1) {
        tf.tidy(() => {
          const x = tf.tensor1d([text]);
          tf.reshape(x, [1, 1]).dispose();
        });
      }
      return process.memoryUsage().rss;
    };
    round();
    const before = round();
    round();
    // 400 MB would be kept otherwise.
    expect(round() - before).toBeLessThan(150_000_000);
  });
});
