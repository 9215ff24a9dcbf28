import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { splitFiles, type SplitOptions } from '../../../src/data/dataset/split-files.js';

function scanOf(number: number, labelOf = (i: number) => i % 3): ImageScan {
  const files = Array.from({ length: number }, (_, i) => {
    const path = `data/${String(i).padStart(6, '0')}.png`;
    return { path, label: labelOf(i), format: 'png' as const, width: 8, height: 8, sizeBytes: 127 };
  });
  const notes = { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] };
  return { directory: 'data', classNames: ['a', 'b', 'c'], files, problems: [], notes };
}

function pathsOf(scan: ImageScan, options: SplitOptions): string[] {
  return splitFiles(scan, options).files.map(({ path }) => path);
}

describe('splitFiles', () => {
  it('makes two parts of any number of files: disjoint, complete, in order, of the size Keras takes, or one more for each class', () => {
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const anySplit = fc.tuple(fc.integer({ min: 4, max: 302 }), fraction, fc.nat(1e6), fc.boolean());
    const isSplit = fc.property(anySplit, ([number, share, seed, shuffle]) => {
      const scan = scanOf(number);
      const all = scan.files.map(({ path }) => path);
      // At least one image for the validation.
      const validationSplit = Math.max(share, 1.001 / number);
      const options = { validationSplit, seed, shuffle };
      const training = pathsOf(scan, { ...options, subset: 'training' });
      const validation = pathsOf(scan, { ...options, subset: 'validation' });
      const difference = Math.abs(validation.length - Math.floor(validationSplit * all.length));
      expect(difference).toBeLessThanOrEqual(shuffle ? 3 : 0);
      expect([...training, ...validation].sort()).toEqual(all);
      expect(training).toEqual([...training].sort());
      expect(validation).toEqual([...validation].sort());
    });
    fc.assert(isSplit, { numRuns: 200, seed: 1 });
  });

  it('gives every class of two images or more one in each part, and its share of the rest', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 8 });
    const anySplit = fc.tuple(sizes, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.nat(1e6));
    const isStratified = fc.property(anySplit, ([counts, validationSplit, seed]) => {
      fc.pre(counts.some((count) => count > 1));
      const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
      const scan = scanOf(labels.length, (i) => labels[i] ?? 0);
      const parts = (['training', 'validation'] as const).map((subset) => {
        const { files } = splitFiles(scan, { validationSplit, seed, subset });
        return counts.map((_, label) => files.filter((file) => file.label === label).length);
      });
      for (const [label, count] of counts.entries()) {
        const [training = 0, validation = 0] = parts.map((part) => part[label] ?? 0);
        expect(training + validation).toBe(count);
        expect(training).toBeGreaterThanOrEqual(1);
        if (count > 1) expect(validation).toBeGreaterThanOrEqual(1);
        const exact = validationSplit * count;
        if (exact >= 1 && exact <= count - 1) expect(Math.abs(validation - exact)).toBeLessThanOrEqual(1);
      }
    });
    fc.assert(isStratified, { numRuns: 200, seed: 2 });
  });

  it.each<[sizes: readonly number[], validation: readonly number[]]>([
    [
      [10, 10, 10],
      [2, 2, 2],
    ],
    [
      [1, 2, 30],
      [0, 1, 6],
    ],
    [
      [7, 7, 7],
      [2, 1, 1],
    ],
    [
      [2, 2, 2],
      [1, 1, 1],
    ],
    [
      [100, 3, 1],
      [20, 1, 0],
    ],
  ])('takes of classes of %j images %j at 0.2', (sizes, expected) => {
    const labels = sizes.flatMap((size, label) => new Array<number>(size).fill(label));
    const scan = scanOf(labels.length, (i) => labels[i] ?? 0);
    const { files } = splitFiles(scan, { validationSplit: 0.2, subset: 'validation', seed: 7 });
    expect(sizes.map((_, label) => files.filter((file) => file.label === label).length)).toEqual(expected);
  });

  it('is the same for the same seed, and another for another', () => {
    const split = (seed: number) => pathsOf(scanOf(100), { validationSplit: 0.3, subset: 'validation', seed });
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });

  it('takes the last files where it does not shuffle', () => {
    const options = { validationSplit: 0.2, shuffle: false, subset: 'validation' } as const;
    expect(pathsOf(scanOf(10), options)).toEqual(['data/000008.png', 'data/000009.png']);
  });

  it('keeps class names and the rest of the scan', async () => {
    const scan = await scanImageDirectory('data/digits/train');
    const { files, ...rest } = splitFiles(scan, { validationSplit: 0.2, subset: 'validation', seed: 42 });
    expect(files).toHaveLength(287);
    expect(new Set(files.map(({ label }) => label)).size).toBe(10);
    expect({ ...rest, files: scan.files }).toEqual(scan);
  });

  it.each([0, 1, -0.1, 1.5, NaN])('refuses %d for a fraction', (validationSplit) => {
    expect(() => splitFiles(scanOf(10), { validationSplit, subset: 'training', seed: 1 })).toThrow(
      `validationSplit is a fraction between 0 and 1. Received: ${validationSplit}.`,
    );
  });

  it('wants a seed, as Keras does', () => {
    expect(() => splitFiles(scanOf(10), { validationSplit: 0.2, subset: 'training' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message:
          'validationSplit needs a seed, or shuffle: false: otherwise training and validation would share files.',
      }),
    );
  });

  it.each(['training', 'validation'] as const)('refuses a split that leaves nothing for validation: %s', (subset) => {
    expect(() => splitFiles(scanOf(9), { validationSplit: 0.1, subset, shuffle: false })).toThrow(
      'A validationSplit (--validation-split or --test-split) of 0.1 leaves no file for validation. Received: 9 files. Give a larger fraction, or more images.',
    );
    expect(() => splitFiles(scanOf(3), { validationSplit: 0.5, subset, seed: 1 })).toThrow(
      'A validationSplit (--validation-split or --test-split) of 0.5 leaves no file for validation. Received: 3 files. Give a larger fraction, or more images.',
    );
  });

  it('divides the images of every class where they may have several, and those without any', () => {
    const labelsAt = (i: number) => [i % 2 === 0 ? [0] : [], i % 5 === 0 ? [1] : [], i % 50 === 1 ? [2] : []].flat();
    const scan = scanOf(200);
    const files = scan.files.map((file, i) => ({ ...file, labels: labelsAt(i) }));
    const parts = (['training', 'validation'] as const).map((subset) => splitFiles({ ...scan, isMultiLabel: true, files }, { validationSplit: 0.2, seed: 3, subset }).files); // prettier-ignore
    expect(parts.flat().map(({ path }) => path).sort()).toEqual(files.map(({ path }) => path)); // prettier-ignore
    const [, validation = []] = parts;
    const counts = [0, 1, 2].map((label) => validation.filter(({ labels }) => labels?.includes(label)).length);
    expect(counts).toEqual([20, 8, 1]);
    expect(validation.filter(({ labels }) => labels?.length === 0).length).toBeCloseTo(16, -1);
    expect(Math.abs(validation.length - 40)).toBeLessThanOrEqual(3);
  });
});
