import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation } from '../../../src/training/augmentation/augmentation.js';
import { CutMix } from '../../../src/training/augmentation/cut-mix.js';
import { RandomColorJitter } from '../../../src/training/augmentation/random-color-jitter.js';
import { RandomResizedCrop } from '../../../src/training/augmentation/random-resized-crop.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import {
  trivialAugmentOperations,
  TrivialAugmentWide,
} from '../../../src/training/augmentation/trivial-augment-wide.js';

const [height, width] = [8, 6];
const picture = tf.round(tf.randomUniform<tf.Rank.R4>([1, height, width, 3], 30, 220, 'float32', 3));
const values = Array.from(picture.dataSync());
/** Positions of the values of one channel. */
const channel = (c: number) => values.flatMap((_, i) => (i % 3 === c ? [i] : []));
const gray = (at: number) => {
  const [r = NaN, g = NaN, b = NaN] = values.slice(at - (at % 3), at - (at % 3) + 3);
  return 0.2989 * r + 0.587 * g + 0.114 * b;
};
const clip = (value: number) => Math.min(255, Math.max(0, value));

function expectClose(received: ArrayLike<number>, expected: readonly number[]): void {
  expect(received).toHaveLength(expected.length);
  expect(Math.max(...expected.map((value, i) => Math.abs(value - (received[i] ?? NaN))))).toBeLessThan(0.02);
}

const trivial = new TrivialAugmentWide();
const done = (operation: string, strength: number, sign = 1) => {
  const [position, ...others] = [trivialAugmentOperations.indexOf(operation), strength, sign].map((each) => tf.tensor1d([each])); // prettier-ignore
  const [much, direction] = others;
  if (!position || !much || !direction) throw new Error('unreachable');
  return trivial.apply(picture, { operation: position, strength: much, sign: direction }).dataSync<'float32'>();
};

describe('TrivialAugmentWide', () => {
  const mean = values.reduce((sum, _, i) => sum + gray(i), 0) / values.length;
  it.each([
    ['identity', 0.7, 1, (value: number) => value],
    ['brightness', 0.5, -1, (value: number) => value * 0.505],
    ['color', 1, 1, (value: number, i: number) => clip(gray(i) + (value - gray(i)) * 1.99)],
    ['contrast', 0.5, 1, (value: number) => clip(mean + (value - mean) * 1.495)],
    ['posterize', 1, 1, (value: number) => Math.floor(value / 64) * 64],
    ['solarize', 0.5, 1, (value: number) => (value >= 127.5 ? 255 - value : value)],
  ] as const)('%s', (operation, strength, sign, change) => {
    expectClose(done(operation, strength, sign), values.map(change));
  });

  it('equalizes each channel as PIL does', () => {
    const times = 400;
    const many = tf.tile(picture, [1, 20, 20, 1]);
    const operation = tf.tensor1d([trivialAugmentOperations.indexOf('equalize')]);
    const drawn = { operation, strength: tf.tensor1d([0]), sign: tf.tensor1d([1]) };
    const tables = [0, 1, 2].map((c) => {
      const own = channel(c).map((i) => values[i] ?? NaN);
      const countOf = (value: number) => times * own.filter((each) => each === value).length;
      const step = Math.floor((times * own.length - countOf(Math.max(...own))) / 255);
      const below = (value: number) => times * own.filter((each) => each < value).length;
      return (value: number) => clip(Math.floor((below(value) + Math.floor(step / 2)) / step));
    });
    const corner = tf.slice(trivial.apply(many, drawn), [0, 0, 0, 0], [1, height, width, 3]);
    expectClose(corner.dataSync<'float32'>(), values.map((value, i) => tables[i % 3]?.(value) ?? NaN)); // prettier-ignore
    expectClose(done('equalize', 0), values);
  });

  it('auto contrast, translation and shear', () => {
    const ranges = [0, 1, 2].map((c) => {
      const own = channel(c).map((i) => values[i] ?? NaN);
      return [Math.min(...own), Math.max(...own)] as const;
    });
    const stretched = values.map((value, i) => {
      const [least, most] = ranges[i % 3] ?? [NaN, NaN];
      return ((value - least) * 255) / (most - least);
    });
    expectClose(done('autoContrast', 0), stretched);
    const at = (x: number, y: number, c: number) =>
      x < width && y < height ? (values[(y * width + x) * 3 + c] ?? 0) : 0;
    const moved = (from: (x: number, y: number) => [number, number]) =>
      values.map((_, i) => at(...from(Math.floor(i / 3) % width, Math.floor(i / 3 / width)), i % 3));
    expectClose(
      done('translateX', 2 / 32),
      moved((x, y) => [x + 2, y]),
    );
    expectClose(
      done('translateY', 3 / 32),
      moved((x, y) => [x, y + 3]),
    );
    const sheared = new TrivialAugmentWide({ interpolation: 'nearest' });
    const draws = [trivialAugmentOperations.indexOf('shearX'), 1, 1].map((each) => tf.tensor1d([each]));
    const [operation = picture, strength = picture, sign = picture] = draws;
    const result = sheared.apply(picture, { operation, strength, sign }).dataSync<'float32'>();
    expectClose(
      result,
      moved((x, y) => [Math.round(x + 0.99 * y), y]),
    );
  });

  it('rotates as RandomRotation does', () => {
    const rotation = new RandomRotation({ factor: [0.1875, 0.1875], fillMode: 'constant' });
    expectClose(done('rotate', 0.5), Array.from(new Augmentation([rotation]).call(picture).images.dataSync()));
  });

  it('sharpens what is inside and leaves the edge', () => {
    const [sharp, soft] = [done('sharpness', 1, 1), done('sharpness', 1, -1)];
    const inner = (3 * width + 2) * 3;
    expect(sharp[0]).toBeCloseTo(values[0] ?? NaN, 3);
    const original = values[inner] ?? NaN;
    const neighbours = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => values[inner + (dy * width + dx) * 3] ?? NaN));
    const softened = (neighbours.reduce((sum, each) => sum + each, 0) + 4 * original) / 13;
    expect(soft[inner]).toBeCloseTo(softened + (original - softened) * 0.01, 2);
    expect(sharp[inner]).toBeCloseTo(clip(softened + (original - softened) * 1.99), 2);
  });
});

describe('RandomResizedCrop', () => {
  it('enlarges a part of the area and shape that were asked for', () => {
    const ramp = tf.tile(tf.reshape<tf.Rank.R4>(tf.range(0, 40), [1, 1, 40, 1]), [30, 40, 1, 3]);
    const crop = new RandomResizedCrop({ scale: [0.25, 0.25], ratio: [1, 1], interpolation: 'bilinear' });
    const rows = new Augmentation([crop], { seed: 4 }).call(ramp).images.slice([0, 20, 0, 0], [30, 1, 40, 1]).reshape([30, 40]).arraySync() as number[][]; // prettier-ignore
    const starts = rows.map((row) => {
      row.slice(5, 35).forEach((value, i) => expect(value - (row[5] ?? NaN)).toBeCloseTo(i * 0.5, 2));
      return Math.round(row[5] ?? NaN);
    });
    expect(new Set(starts).size).toBeGreaterThan(8);
    const whole = new Augmentation([new RandomResizedCrop({ scale: [1, 1], ratio: [1, 1] })]).call(picture);
    expectClose(whole.images.dataSync(), values);
  });

  it('refuses ranges that are none', () => {
    expect(() => new RandomResizedCrop({ scale: [0, 1] })).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: RandomResizedCrop's scale is two numbers above 0, at most 1, the smaller first. Received: 0, 1.]`,
    );
    expect(() => new RandomResizedCrop({ ratio: [2, 1] })).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: RandomResizedCrop's ratio is two numbers above 0, the smaller first. Received: 2, 1.]`,
    );
  });
});

describe('RandomColorJitter', () => {
  const jittered = (jitter: RandomColorJitter) =>
    Array.from(new Augmentation([jitter], { seed: 1 }).call(picture).images.dataSync());

  it('changes nothing by default, brightness by one factor, and of hues neither value nor saturation', () => {
    expectClose(jittered(new RandomColorJitter({})), values);
    const brighter = jittered(new RandomColorJitter({ brightnessFactor: 0.1 }));
    const factor = (brighter[0] ?? NaN) / (values[0] ?? NaN);
    expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.1);
    expectClose(
      brighter,
      values.map((value) => value * factor),
    );
    const turned = jittered(new RandomColorJitter({ hueFactor: 0.5 }));
    const extremes = (all: readonly number[]) =>
      Array.from({ length: all.length / 3 }, (_, i) => all.slice(3 * i, 3 * i + 3)).flatMap((rgb) => [Math.max(...rgb), Math.min(...rgb)]); // prettier-ignore
    expectClose(extremes(turned), extremes(values));
    expect(turned).not.toEqual(values);
  });

  it('refuses a factor that is out of range', () => {
    expect(() => new RandomColorJitter({ hueFactor: 0.6 })).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: RandomColorJitter's hueFactor is from 0 to 0.5. Received: 0.6.]`,
    );
  });
});

describe('CutMix', () => {
  it('pastes a rectangle of the partner, and weighs the image by what is left of it', () => {
    const plain = tf.tile(tf.reshape<tf.Rank.R4>(tf.range(0, 8), [8, 1, 1, 1]), [1, 10, 10, 3]);
    const { images, partners, weights } = new Augmentation([new CutMix()], { seed: 2 }).call(plain);
    const [all, others, own] = [images.arraySync(), partners?.arraySync() ?? [], weights?.arraySync() ?? []];
    all.forEach((image, i) => {
      const pixels = image.flat().map(([value]) => value);
      expect(new Set([...pixels, i, others[i]]).size).toBe(2);
      expect(own[i]).toBeCloseTo(pixels.filter((value) => value === i).length / 100, 5);
      expect(own[i]).toBeGreaterThanOrEqual(0.39);
      const pasted = image.flatMap((row, y) => row.flatMap(([value], x) => (value === i ? [] : [[x, y] as const])));
      const [xs, ys] = [new Set(pasted.map(([x]) => x)), new Set(pasted.map(([, y]) => y))];
      expect(pasted).toHaveLength(xs.size * ys.size);
    });
    expect(new Set(own).size).toBeGreaterThan(3);
  });
});
