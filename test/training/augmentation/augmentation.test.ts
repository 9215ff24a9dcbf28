import { describe, expect, it } from 'vitest';

import { withRandomStep } from '../../../src/ops/random-step.js';
import { CompiledFunctions } from '../../../src/saved-model/run/compile.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation } from '../../../src/training/augmentation/augmentation.js';
import { MixUp } from '../../../src/training/augmentation/mix-up.js';
import { RandomBrightness } from '../../../src/training/augmentation/random-brightness.js';
import { RandomContrast } from '../../../src/training/augmentation/random-contrast.js';
import { RandomCrop } from '../../../src/training/augmentation/random-crop.js';
import { RandomErasing } from '../../../src/training/augmentation/random-erasing.js';
import { RandomFlip } from '../../../src/training/augmentation/random-flip.js';
import { RandomColorJitter } from '../../../src/training/augmentation/random-color-jitter.js';
import { RandomResizedCrop } from '../../../src/training/augmentation/random-resized-crop.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../../src/training/augmentation/random-translation.js';
import { RandomZoom } from '../../../src/training/augmentation/random-zoom.js';
import { TrivialAugmentWide } from '../../../src/training/augmentation/trivial-augment-wide.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

const everything = (seed: number) =>
  new Augmentation(
    [
      ...[new RandomFlip(), new RandomCrop({ height: 9, width: 8 }), new RandomRotation({ factor: 0.1 })],
      ...[new RandomZoom({ heightFactor: 0.2 }), new RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1 })],
      ...[new RandomResizedCrop({ scale: [0.5, 1] }), new TrivialAugmentWide()],
      ...[new RandomBrightness({ factor: 0.2 }), new RandomContrast({ factor: 0.3 }), new RandomErasing(), new MixUp()],
      new RandomColorJitter({ brightnessFactor: 0.1, contrastFactor: 0.1, saturationFactor: 0.2, hueFactor: 0.1 }),
    ],
    { seed },
  );

/** Of one picture again and again: what differs was drawn otherwise. */
const batch = (n: number) => tf.tile(tf.randomUniform<tf.Rank.R4>([1, 12, 10, 3], 0, 255, 'float32', 1), [n, 1, 1, 1]);

const imagesAt = (augmentation: Augmentation, step: number, n = 4) =>
  tf.tidy(() =>
    withRandomStep(tf.scalar(step, 'int32'), () => augmentation.call(batch(n)).images.reshape([n, -1]).arraySync()),
  ) as number[][];

describe('Augmentation', () => {
  it('draws by seed and step, for each image otherwise, and keeps sizes and range', () => {
    const first = imagesAt(everything(1), 7);
    expect(imagesAt(everything(1), 7)).toEqual(first);
    const all = [...first, ...imagesAt(everything(1), 8), ...imagesAt(everything(2), 7)].map((values) => values.join());
    expect(new Set(all).size).toBe(12);
    const values = first.flat();
    expect(values).toHaveLength(4 * 12 * 10 * 3);
    expect([Math.min(...values) >= 0, Math.max(...values) <= 255]).toEqual([true, true]);
  });

  it('draws for the same transformation again when it stands there twice', () => {
    const brightness = new RandomBrightness({ factor: 0.1 });
    const gray = tf.fill<tf.Rank.R4>([1, 1, 1, 1], 128);
    const once = new Augmentation([brightness]).call(gray).images.dataSync()[0] ?? NaN;
    const twice = new Augmentation([brightness, brightness]).call(gray).images.dataSync()[0] ?? NaN;
    expect(Math.abs(twice - 128 - 2 * (once - 128))).toBeGreaterThan(0.01);
  });

  it('is the same as a graph, for batches of any size', async () => {
    const augmentation = everything(3);
    const fn = tfFunction(
      (images: tf.Tensor, step: tf.Tensor) =>
        withRandomStep(step, () => ({ ...augmentation.call(images as tf.Tensor4D) })),
      { inputSignature: { images: tensorSpec('float32', [null, 12, 10, 3]), step: tensorSpec('int32', []) } },
    );
    const compiled = await CompiledFunctions.compile({ fn: fn.getConcreteFunction() });
    for (const n of [1, 5]) {
      const args: [tf.Tensor, tf.Tensor] = [batch(n), tf.scalar(n, 'int32')];
      const [graph, eager] = [compiled.call('fn', args), fn(...args)];
      expect(Object.keys(eager).sort()).toEqual(Object.keys(graph).sort());
      for (const [name, tensor] of Object.entries(eager)) {
        const [a, b] = [tensor.dataSync(), graph[name]?.dataSync() ?? []];
        expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))))).toBeLessThan(0.01);
      }
    }
    compiled.dispose();
  });

  it('leaves nothing but its results in memory', () => {
    const augmentation = everything(1);
    const images = batch(3);
    const before = tf.memory().numTensors;
    const results = augmentation.call(images);
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose({ ...results });
    expect(new Augmentation([]).call(images).images.dataSync()).toEqual(images.dataSync());
  });
});
