import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';

const messageOf = (action: () => tf.Tensor): string => {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('a window that is larger than the picture', () => {
  it('is an error that says what to do, for every op that slides one', () => {
    const picture = tf.ones<tf.Rank.R4>([1, 2, 7, 3]);
    expect(messageOf(() => tf.maxPool(picture, 4, 2, 'valid'))).toMatchInlineSnapshot(
      `"MaxPool with the padding 'valid' takes inputs at least as large as its window, 4 x 4. Received: 2 x 7, of [1, 2, 7, 3]. Pad smaller pictures first (padTo), resize them, or use the padding 'same'."`,
    );
    const volume = tf.ones<tf.Rank.R5>([1, 5, 5, 2, 3]);
    for (const action of [
      () => tf.avgPool(tf.ones<tf.Rank.R3>([2, 7, 3]), 3, 1, 'valid'),
      () => tf.conv2d(picture, tf.ones([3, 3, 3, 5]), 1, 'valid'),
      () => tf.conv2d(picture, tf.ones([2, 2, 3, 5]), 1, 'valid', 'NHWC', 2),
      () => tf.depthwiseConv2d(picture, tf.ones([3, 3, 3, 2]), 1, 'valid'),
      () => tf.dilation2d(picture, tf.ones([3, 3, 3]), 1, 'valid'),
      () => tf.maxPool3d(volume, 3, 1, 'valid'),
      () => tf.avgPool3d(volume, 3, 1, 'valid'),
      () => tf.conv3d(volume, tf.ones([3, 3, 3, 3, 2]), 1, 'valid'),
      () => tf.fused.conv2d({ x: picture, filter: tf.ones([3, 3, 3, 5]), strides: 1, pad: 'valid' }),
    ]) {
      expect(messageOf(action)).toContain("with the padding 'valid' takes inputs at least as large as its window");
    }
    expect(tf.maxPool(picture, [2, 7], 1, 'valid').shape).toEqual([1, 1, 1, 3]);
  });
});

describe('a convolution of nothing', () => {
  it.each<[string, () => tf.Tensor, number[]]>([
    ['an empty batch', () => tf.conv2d(tf.ones<tf.Rank.R4>([0, 8, 9, 3]), tf.ones([3, 2, 3, 5]), 2, 'valid'), [0, 3, 4, 5]],
    ['of the padding same', () => tf.conv2d(tf.ones<tf.Rank.R4>([0, 8, 9, 3]), tf.ones([3, 3, 3, 5]), 2, 'same'), [0, 4, 5, 5]],
    ['dilated', () => tf.conv2d(tf.ones<tf.Rank.R4>([0, 8, 9, 3]), tf.ones([3, 3, 3, 5]), 1, 'valid', 'NHWC', 2), [0, 4, 5, 5]],
    ['depthwise', () => tf.depthwiseConv2d(tf.ones<tf.Rank.R4>([0, 8, 8, 3]), tf.ones([3, 3, 3, 2]), 1, 'valid'), [0, 6, 6, 6]],
    ['of volumes', () => tf.conv3d(tf.ones<tf.Rank.R5>([0, 8, 8, 8, 3]), tf.ones([3, 3, 3, 3, 2]), 1, 'valid'), [0, 6, 6, 6, 2]],
  ])('%s has its own shape', (_, action, shape) => {
    expect(action().shape).toEqual(shape);
  }); // prettier-ignore

  it('has gradients of the right shapes', () => {
    const [dx, dw] = tf.grads((x: tf.Tensor, w: tf.Tensor) =>
      tf.sum(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid')),
    )([tf.ones([0, 8, 8, 3]), tf.ones([3, 3, 3, 5])]);
    expect([dx?.shape, dw?.shape]).toEqual([[0, 8, 8, 3], [3, 3, 3, 5]]); // prettier-ignore
    expect(dw?.dataSync().every((value) => value === 0)).toBe(true);
  });
});

it('a transposed convolution to a negative size is an error', () => {
  const small = tf.ones<tf.Rank.R4>([1, 1, 1, 3]);
  expect(messageOf(() => tf.conv2dTranspose(small, tf.ones([2, 2, 2, 3]), [1, -1, 2, 2], 2, 'same'))).toContain(
    'A transposed convolution has sizes of 0 and more for its output. Received: [1, -1, 2, 2].',
  );
});
