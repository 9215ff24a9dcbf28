import { describe, expect, it } from 'vitest';

import { parseAugmentation } from '../../../src/commands/shared/parse-augmentation.js';
import { SignetError } from '../../../src/errors.js';
import { withRandomStep } from '../../../src/ops/random-step.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation, type Transformation } from '../../../src/training/augmentation/augmentation.js';
import { CutMix } from '../../../src/training/augmentation/cut-mix.js';
import { RandomBrightness } from '../../../src/training/augmentation/random-brightness.js';
import { RandomColorJitter } from '../../../src/training/augmentation/random-color-jitter.js';
import { RandomContrast } from '../../../src/training/augmentation/random-contrast.js';
import { RandomCrop } from '../../../src/training/augmentation/random-crop.js';
import { RandomErasing } from '../../../src/training/augmentation/random-erasing.js';
import { RandomFlip } from '../../../src/training/augmentation/random-flip.js';
import { MixUp } from '../../../src/training/augmentation/mix-up.js';
import { RandomResizedCrop } from '../../../src/training/augmentation/random-resized-crop.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../../src/training/augmentation/random-translation.js';
import { RandomZoom } from '../../../src/training/augmentation/random-zoom.js';
import { TrivialAugmentWide } from '../../../src/training/augmentation/trivial-augment-wide.js';

const options = { imageSize: [12, 10] as const, seed: 3 };
const images = tf.randomUniform<tf.Rank.R4>([6, 12, 10, 3], 0, 255, 'float32', 1);
const pixels = (augmentation: Augmentation) =>
  Array.from(withRandomStep(tf.scalar(0, 'int32'), () => augmentation.call(images)).images.dataSync());

const cases: [text: string, same: Transformation[]][] = [
  ['flip', [new RandomFlip({ mode: 'horizontal' })]],
  ['flip=vertical', [new RandomFlip({ mode: 'vertical' })]],
  ['flip=both', [new RandomFlip()]],
  ['crop=0.75', [new RandomCrop({ height: 9, width: 8 })]],
  ['zoom=0.2', [new RandomZoom({ heightFactor: 0.2 })]],
  ['zoom=-0.3:0', [new RandomZoom({ heightFactor: [-0.3, 0] })]],
  ['translation=0.1', [new RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1 })]],
  ['brightness=-0.1:0.2', [new RandomBrightness({ factor: [-0.1, 0.2] })]],
  ['cutout=0.5', [new RandomErasing({ scale: [0.25, 0.25], fillValue: 127.5 })]],
  ['resized-crop', [new RandomResizedCrop()]],
  ['resized-crop=0.5', [new RandomResizedCrop({ scale: [0.5, 1] })]],
  ['resized-crop=0.3:0.6', [new RandomResizedCrop({ scale: [0.3, 0.6] })]],
  ['trivial-augment-wide', [new TrivialAugmentWide()]],
  ['color-jitter=0.3:0.2', [new RandomColorJitter({ brightnessFactor: 0.3, contrastFactor: 0.2 })]],
  ['cutmix', [new CutMix()]],
  ['mixup', [new MixUp()]],
  ['mixup=1', [new MixUp({ alpha: 1 })]],
  [' contrast=0.3, rotation=0.1', [new RandomRotation({ factor: 0.1 }), new RandomContrast({ factor: 0.3 })]],
];

describe('parseAugmentation', () => {
  it.each(cases)('%s', (text, same) => {
    const received = pixels(parseAugmentation(text, options));
    expect(received).toEqual(pixels(new Augmentation(same, { seed: 3 })));
    expect(received).not.toEqual(Array.from(images.dataSync()));
  });

  it.each([
    [
      '',
      '--augment : expected one of flip, crop, resized-crop, zoom, rotation, translation, trivial-augment-wide, brightness, contrast, color-jitter, cutout, mixup, cutmix. Received: nothing.',
    ],
    [
      'spin=2',
      '--augment spin=2: expected one of flip, crop, resized-crop, zoom, rotation, translation, trivial-augment-wide, brightness, contrast, color-jitter, cutout, mixup, cutmix. Received: spin.',
    ],
    [
      'constructor',
      '--augment constructor: expected one of flip, crop, resized-crop, zoom, rotation, translation, trivial-augment-wide, brightness, contrast, color-jitter, cutout, mixup, cutmix. Received: constructor.',
    ],
    ['trivial-augment-wide=9', '--augment trivial-augment-wide=9: expected no value. Received: 9.'],
    [
      'resized-crop=0.5:1:2',
      '--augment resized-crop=0.5:1:2: expected up to 2 numbers from 0.01 to 1 with colons between them. Received: 0.5:1:2.',
    ],
    ['flip=up', '--augment flip=up: expected one of horizontal, vertical, both. Received: up.'],
    [
      'rotation',
      '--augment rotation: expected a number, or two with a colon, such as 0.1 or -0.1:0.2. Received: nothing.',
    ],
    [
      'zoom=1:2:3',
      '--augment zoom=1:2:3: expected a number, or two with a colon, such as 0.1 or -0.1:0.2. Received: 1:2:3.',
    ],
    [
      'zoom=a lot',
      '--augment zoom=a lot: expected a number, or two with a colon, such as 0.1 or -0.1:0.2. Received: a lot.',
    ],
    [
      'rotation=2',
      "--augment rotation=2: RandomRotation's factor is a number from -1 to 1, or two of them. Received: 2.",
    ],
    ['crop=1.5', '--augment crop=1.5: expected a number from 0.01 to 1. Received: 1.5.'],
    ['flip,flip', '--augment flip: it was given more than once; give it once.'],
    [
      'mixup=0,cutout=',
      "--augment mixup=0: MixUp's alpha is more than 0 and at most 8. Received: 0.\n--augment cutout=: expected a number from 0 to 1. Received: .",
    ],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseAugmentation(text, options)).toThrow(new SignetError('INVALID_ARGUMENT', message));
  });
});
