import { expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';

it.each(['encodePng', 'encodeJpeg'] as const)('tf.node.%s gives a file that decodes', async (encode) => {
  const pixels = tf.fill<tf.Rank.R3>([4, 5, 3], 200, 'int32');
  const file = await tf.node[encode](pixels);
  const decoded = tf.node.decodeImage(file, 3);
  expect(decoded.shape).toEqual([4, 5, 3]);
  for (const value of decoded.dataSync()) expect(Math.abs(value - 200)).toBeLessThan(3);
});
