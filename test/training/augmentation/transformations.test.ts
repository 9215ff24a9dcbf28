import { describe, expect, it } from 'vitest';

import { resizeImages } from '../../../src/ops/resize-images.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { Augmentation, type Transformation } from '../../../src/training/augmentation/augmentation.js';
import { betaQuantiles } from '../../../src/training/augmentation/beta-quantiles.js';
import { MixUp } from '../../../src/training/augmentation/mix-up.js';
import { RandomBrightness } from '../../../src/training/augmentation/random-brightness.js';
import { RandomContrast } from '../../../src/training/augmentation/random-contrast.js';
import { RandomCrop } from '../../../src/training/augmentation/random-crop.js';
import { RandomErasing } from '../../../src/training/augmentation/random-erasing.js';
import { RandomFlip } from '../../../src/training/augmentation/random-flip.js';
import { RandomRotation } from '../../../src/training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../../src/training/augmentation/random-translation.js';
import { RandomZoom } from '../../../src/training/augmentation/random-zoom.js';
import { mulberry32 } from '../../helpers/data/mulberry32.js';

/** Pixels by row and column, of three channels. */
type Picture = number[][][];

const [height, width] = [8, 6];
const random = mulberry32(1);
const pictures = (n: number): Picture[] =>
  Array.from({ length: n }, () =>
    Array.from({ length: height }, () =>
      Array.from({ length: width }, () => [random() * 255, random() * 255, random() * 255]),
    ),
  );

function augment(images: readonly Picture[], ...transformations: Transformation[]): Picture[] {
  const tensor = tf.tensor4d([...images]);
  const { images: changed, partners, weights } = new Augmentation(transformations, { seed: 5 }).call(tensor);
  const result = changed.arraySync();
  tf.dispose([tensor, changed, ...(partners ? [partners] : []), ...(weights ? [weights] : [])]);
  return result;
}

/** As `d c b a | a b c d | d c b a`. */
function reflected(i: number, size: number): number {
  const within = ((i % (2 * size)) + 2 * size) % (2 * size);
  return within < size ? within : 2 * size - 1 - within;
}

/** The value at a place between pixels, by the four around it. */
function valueAt(image: Picture, x: number, y: number): number[] {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const corners = [
    [top, left, (1 - (x - left)) * (1 - (y - top))],
    [top, left + 1, (x - left) * (1 - (y - top))],
    [top + 1, left, (1 - (x - left)) * (y - top)],
    [top + 1, left + 1, (x - left) * (y - top)],
  ] as const;
  return [0, 1, 2].map((channel) =>
    corners.reduce(
      (sum, [row, column, part]) =>
        sum + part * (image[reflected(row, height)]?.[reflected(column, width)]?.[channel] ?? NaN),
      0,
    ),
  );
}

/** Every pixel from where `from` says that it comes from. */
function moved(image: Picture, from: (x: number, y: number) => [x: number, y: number]): Picture {
  return image.map((row, y) => row.map((_, x) => valueAt(image, ...from(x, y))));
}

function expectClose(received: unknown, expected: unknown, within = 0.01): void {
  const [a, b] = [received, expected].map((values) => (values as number[][][][]).flat(3));
  expect(a).toHaveLength(b?.length ?? NaN);
  const largest = Math.max(...(a ?? []).map((value, i) => Math.abs(value - (b?.[i] ?? NaN))));
  expect(largest).toBeLessThan(within);
}

const mapPixels = (image: Picture, change: (value: number, channel: number) => number): Picture =>
  image.map((row) => row.map((pixel) => pixel.map(change)));
const clip = (value: number) => Math.min(255, Math.max(0, value));

describe('what moves pixels', () => {
  const images = pictures(3);

  it('RandomTranslation moves down and to the right by parts of the size', () => {
    const translation = new RandomTranslation({ heightFactor: [0.25, 0.25], widthFactor: [-0.2, -0.2] });
    expectClose(
      augment(images, translation),
      images.map((image) => moved(image, (x, y) => [x + 1.2, y - 2])),
    );
  });

  it('RandomRotation turns counter-clockwise about the center', () => {
    const angle = 0.07 * 2 * Math.PI;
    const turned = images.map((image) =>
      moved(image, (x, y) => {
        const [fromX, fromY] = [x - (width - 1) / 2, y - (height - 1) / 2];
        const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
        return [cos * fromX - sin * fromY + (width - 1) / 2, sin * fromX + cos * fromY + (height - 1) / 2];
      }),
    );
    expectClose(augment(images, new RandomRotation({ factor: [0.07, 0.07] })), turned);
    // A quarter: the last column becomes the first row.
    const square = images.map((image) => image.slice(0, width));
    const [quarter] = augment(square, new RandomRotation({ factor: [0.25, 0.25] }));
    expectClose([[quarter?.[0]]], [[square[0]?.map((row) => row.at(-1))]]);
  });

  it('RandomZoom zooms out and in about the center, by one factor or two', () => {
    const zoomed = (horizontal: number, vertical: number) =>
      images.map((image) =>
        moved(image, (x, y) => [
          horizontal * (x - (width - 1) / 2) + (width - 1) / 2,
          vertical * (y - (height - 1) / 2) + (height - 1) / 2,
        ]),
      );
    expectClose(augment(images, new RandomZoom({ heightFactor: [-0.4, -0.4] })), zoomed(0.6, 0.6));
    const both = new RandomZoom({ heightFactor: [0.5, 0.5], widthFactor: [0.2, 0.2] });
    expectClose(augment(images, both), zoomed(1.2, 1.5));
  });

  it('RandomCrop cuts out a part anywhere and resizes it', () => {
    const many = Array.from({ length: 60 }, () => images[0] ?? []);
    const cropped = augment(many, new RandomCrop({ height: 4, width: 3 }));
    const parts = Array.from({ length: 5 }, (_, top) =>
      Array.from({ length: 4 }, (__, left) =>
        (images[0] ?? []).slice(top, top + 4).map((row) => row.slice(left, left + 3)),
      ),
    ).flat();
    const resized = resizeImages(tf.tensor4d(parts), [height, width]).arraySync() as Picture[];
    // Where nothing of what is around it counts.
    const inner = (image: Picture) => image.slice(1, -1).map((row) => row.slice(1, -1));
    const found = cropped.map((image) =>
      resized.findIndex((part) => {
        const [a, b] = [inner(image).flat(2), inner(part).flat(2)];
        return a.every((value, i) => Math.abs(value - (b[i] ?? NaN)) < 0.01);
      }),
    );
    expect(found).not.toContain(-1);
    expect(new Set(found).size).toBeGreaterThan(10);
    expectClose(augment(images, new RandomCrop({ height, width })), images);
  });

  it('RandomFlip flips every other image, each way by itself', () => {
    const many = Array.from({ length: 64 }, () => images[0] ?? []);
    const [image = []] = images;
    const leftRight = image.map((row) => row.toReversed());
    const all = { none: image, leftRight, upDown: image.toReversed(), both: leftRight.toReversed() };
    const counts = (flip: RandomFlip) => {
      const flipped = augment(many, flip).map((each) => JSON.stringify(each.flat(2).map((value) => value.toFixed(2))));
      return Object.values(all).map(
        (one) => flipped.filter((each) => each === JSON.stringify(one.flat(2).map((value) => value.toFixed(2)))).length,
      );
    };
    const [none = 0, horizontal = 0, ...others] = counts(new RandomFlip({ mode: 'horizontal' }));
    expect([none > 16, horizontal > 16, none + horizontal, ...others]).toEqual([true, true, 64, 0, 0]);
    const four = counts(new RandomFlip());
    expect(four.reduce((sum, count) => sum + count, 0)).toBe(64);
    expect(Math.min(...four)).toBeGreaterThan(4);
  });

  it('is done in one go as it is one after the other', () => {
    const down = new RandomTranslation({ heightFactor: [0.25, 0.25], widthFactor: [0, 0] });
    const turn = new RandomRotation({ factor: [0.5, 0.5] });
    expectClose(
      augment(images, down, turn),
      images.map((image) =>
        moved(image, (x, y) => [x, y - 2])
          .toReversed()
          .map((row) => row.toReversed()),
      ),
    );
    // What is beyond the edge is filled each time: constant, then what is filled is turned.
    const dark = new RandomTranslation({
      heightFactor: [0.25, 0.25],
      widthFactor: [0, 0],
      fillMode: 'constant',
      fillValue: 9,
    });
    const [image] = augment(images, dark, turn);
    expectClose([image?.slice(-2)], [[1, 2].map(() => Array.from({ length: width }, () => [9, 9, 9]))]);
  });
});

describe('what changes values', () => {
  const images = pictures(3);

  it('RandomBrightness adds a part of 255 and stays in the range', () => {
    const brighter = images.map((image) => mapPixels(image, (value) => clip(value + 0.2 * 255)));
    expectClose(augment(images, new RandomBrightness({ factor: [0.2, 0.2] })), brighter);
    const darkest = augment(images, new RandomBrightness({ factor: [-1, -1] }));
    expect(Math.max(...darkest.flat(3))).toBe(0);
  });

  it('RandomContrast stretches each channel about its mean and stays in the range', () => {
    const stretched = images.map((image) => {
      const means = [0, 1, 2].map(
        (channel) => image.flat().reduce((sum, pixel) => sum + (pixel[channel] ?? NaN), 0) / (height * width),
      );
      return mapPixels(image, (value, channel) =>
        clip((value - (means[channel] ?? NaN)) * 1.5 + (means[channel] ?? NaN)),
      );
    });
    expectClose(augment(images, new RandomContrast({ factor: [0.5, 0.5] })), stretched);
  });

  it('RandomErasing erases a rectangle of each image', () => {
    const erased = augment(images, new RandomErasing({ scale: [0.25, 0.25], fillValue: 255 }));
    for (const [i, image] of erased.entries()) {
      const rows = image.flatMap((row, y) =>
        row.flatMap((pixel, x) => (pixel.every((v) => v === 255) ? [[y, x]] : [])),
      );
      const [ys, xs] = [0, 1].map((axis) => new Set(rows.map((place) => place[axis] ?? NaN)));
      expect([ys?.size, xs?.size, rows.length]).toEqual([height / 2, width / 2, (height / 2) * (width / 2)]);
      const others = image.flatMap((row, y) => row.filter((_, x) => !rows.some(([a, b]) => a === y && b === x)));
      const before = (images[i] ?? []).flatMap((row, y) =>
        row.filter((_, x) => !rows.some(([a, b]) => a === y && b === x)),
      );
      expectClose([[others]], [[before]]);
    }
    expectClose(augment(images, new RandomErasing({ factor: 0 })), images);
    const noise = augment(images, new RandomErasing({ scale: [1, 1] })).flat(3);
    expect([Math.min(...noise), Math.max(...noise)]).toEqual([0, 255]);
    expect(new Set(noise).size).toBeGreaterThan(50);
  });
});

describe('MixUp', () => {
  it('mixes each image with another one by a weight of at least a half', () => {
    const images = pictures(7);
    const tensor = tf.tensor4d(images);
    const mixed = new Augmentation([new MixUp({ alpha: 0.4 })]).call(tensor);
    const [partners, weights] = [mixed.partners?.arraySync() ?? [], mixed.weights?.arraySync() ?? []];
    expect(partners.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(partners.filter((partner, i) => partner === i)).toEqual([]);
    expect(weights.every((weight) => weight >= 0.5 && weight <= 1)).toBe(true);
    const expected = images.map((image, i) =>
      image.map((row, y) =>
        row.map((pixel, x) =>
          pixel.map((value, channel) => {
            const other = images[partners[i] ?? -1]?.[y]?.[x]?.[channel] ?? NaN;
            return value * (weights[i] ?? NaN) + other * (1 - (weights[i] ?? NaN));
          }),
        ),
      ),
    );
    expectClose(mixed.images.arraySync(), expected);
  });

  it('leaves a single image as it is', () => {
    const images = pictures(1);
    expectClose(augment(images, new MixUp()), images);
  });

  it.each([
    // Closed forms of the quantiles of Beta(alpha, alpha): the arcsine law, the uniform one, and the root of p = 3 x^2 - 2 x^3.
    [0.5, (p: number) => Math.sin((Math.PI * p) / 2) ** 2],
    [1, (p: number) => p],
    [2, (p: number) => 0.5 - Math.sin(Math.asin(1 - 2 * p) / 3)],
  ])('draws from a beta distribution of alpha %d', (alpha, quantile) => {
    const table = betaQuantiles(alpha);
    expect(table).toHaveLength(257);
    table.forEach((value, i) => expect(value).toBeCloseTo(quantile(i / 512), 5));
  });
});

describe('what is refused', () => {
  it.each([
    [
      () => new RandomRotation({ factor: 2 }),
      "RandomRotation's factor is a number from -1 to 1, or two of them. Received: 2.",
    ],
    [
      () => new RandomZoom({ heightFactor: -1 }),
      "RandomZoom's heightFactor is a number from -0.999 to 1, or two of them. Received: -1.",
    ],
    [
      () => new RandomTranslation({ heightFactor: [0, NaN], widthFactor: 0 }),
      "RandomTranslation's heightFactor is a number from -1 to 1, or two of them. Received: 0,NaN.",
    ],
    [
      () => new RandomFlip({ mode: 'sideways' as 'vertical' }),
      "RandomFlip's mode is one of horizontal, vertical, horizontal_and_vertical. Received: sideways.",
    ],
    [
      () => new RandomCrop({ height: 2.5, width: 3 }),
      "RandomCrop's height and width are whole numbers of pixels from 1. Received: 2.5 x 3.",
    ],
    [
      () => augment(pictures(1), new RandomCrop({ height: 9, width: 3 })),
      "RandomCrop's height and width are at most those of the images, 8 x 6. Received: 9 x 3.",
    ],
    [
      () => new RandomErasing({ scale: [0.5, 0.1] }),
      "RandomErasing's scale is from 0 to 1, the smaller number first. Received: 0.5, 0.1.",
    ],
    [
      () => new RandomErasing({ fillValue: 256 }),
      "RandomErasing's fillValue is a number from 0 to 255. Received: 256.",
    ],
    [() => new MixUp({ alpha: 0 }), "MixUp's alpha is more than 0 and at most 8. Received: 0."],
    [
      () => new Augmentation([new MixUp(), new MixUp()]),
      'An augmentation mixes images in one way at most, by MixUp or CutMix. Received: several.',
    ],
  ])('case %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
