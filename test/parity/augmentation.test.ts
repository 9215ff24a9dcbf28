import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { Augmentation } from '../../src/training/augmentation/augmentation.js';
import { RandomBrightness } from '../../src/training/augmentation/random-brightness.js';
import { RandomRotation } from '../../src/training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../src/training/augmentation/random-translation.js';
import { RandomZoom } from '../../src/training/augmentation/random-zoom.js';
import { hasPython, runPython } from '../helpers/python/python.js';

/** Ranges of one value: both draw the same. */
const cases = {
  'layers.RandomRotation((0.07, 0.07))': new RandomRotation({ factor: [0.07, 0.07] }),
  'layers.RandomRotation((-0.2, -0.2), fill_mode="constant", fill_value=9.0)': new RandomRotation({
    factor: [-0.2, -0.2] as const,
    fillMode: 'constant',
    fillValue: 9,
  }),
  'layers.RandomTranslation((0.3, 0.3), (-0.15, -0.15))': new RandomTranslation({
    heightFactor: [0.3, 0.3] as const,
    widthFactor: [-0.15, -0.15] as const,
  }),
  'layers.RandomTranslation((0.3, 0.3), (0.9, 0.9), fill_mode="nearest")': new RandomTranslation({
    heightFactor: [0.3, 0.3] as const,
    widthFactor: [0.9, 0.9] as const,
    fillMode: 'nearest',
  }),
  'layers.RandomZoom((-0.4, -0.4))': new RandomZoom({ heightFactor: [-0.4, -0.4] }),
  'layers.RandomZoom((0.5, 0.5), (0.1, 0.1), fill_mode="wrap", interpolation="nearest")': new RandomZoom({
    heightFactor: [0.5, 0.5] as const,
    widthFactor: [0.1, 0.1] as const,
    fillMode: 'wrap',
    interpolation: 'nearest',
  }),
  'layers.RandomBrightness((0.3, 0.3))': new RandomBrightness({ factor: [0.3, 0.3] }),
};

const script = `
import json, sys
import numpy as np
from keras import layers
task = json.load(sys.stdin)
images = np.array(task["images"], np.float32)
print(json.dumps([np.array(eval(layer)(images, training=True)).flatten().tolist() for layer in task["layers"]]))
`;

describe.skipIf(!hasPython())("what augmentation does to images, as Keras's layers do it", () => {
  it('is the same for the same draws', async () => {
    const images = tf.randomUniform<tf.Rank.R4>([2, 9, 12, 3], 0, 255, 'float32', 1);
    const answers = (await runPython(script, { images: images.arraySync(), layers: Object.keys(cases) })) as number[][];
    Object.values(cases).forEach((transformation, i) => {
      const received = new Augmentation([transformation]).call(images).images.dataSync();
      const differences = received.map((value, at) => Math.abs(value - (answers[i]?.[at] ?? NaN)));
      expect(Math.max(...differences), Object.keys(cases)[i]).toBeLessThan(0.02);
    });
  });
});
