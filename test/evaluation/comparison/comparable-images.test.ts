import { describe, expect, it } from 'vitest';

import type { ImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { comparableImages } from '../../../src/evaluation/comparison/comparable-images.js';

const notes = { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] };
const file = (label: number, labels?: readonly number[]) =>
  ({ path: `${label}.png`, label, ...(labels && { labels }), format: 'png', width: 1, height: 1 }) as ImageFile;
const scanOf = (classNames: readonly string[], files: readonly ImageFile[]): ImageScan => ({
  directory: 'photos/test',
  classNames,
  files,
  problems: [],
  notes,
});
const names = ['A/1', 'B/2'] as const;

describe('comparableImages', () => {
  it('matches classes by name, and leaves aside images of those that one model lacks', () => {
    const scan = scanOf(['ape', 'bee', 'cat'], [file(0), file(1), file(2), file(2)]);
    const { files, ...found } = comparableImages(scan, [['cat', 'ape'], ['ape', 'bee', 'cat', 'dog']], names); // prettier-ignore
    expect(files.map(({ path, label }) => [path, label])).toEqual([
      ['0.png', 1],
      ['2.png', 0],
      ['2.png', 0],
    ]);
    expect(found).toEqual({
      classNames: ['cat', 'ape'],
      only: [[], ['bee', 'dog']],
      leftAside: [{ className: 'bee', images: 1 }],
    });
  });

  it('keeps images of several classes with the labels that both models have', () => {
    const scan = { ...scanOf(['ape', 'bee', 'cat'], [file(0, [0, 1]), file(1, [1])]), isMultiLabel: true };
    const { files, leftAside } = comparableImages(scan, [['cat', 'ape'], ['ape', 'bee', 'cat']], names); // prettier-ignore
    expect(files.map(({ labels }) => labels)).toEqual([[1], []]);
    expect(leftAside).toEqual([{ className: 'bee', images: 2 }]);
  });

  it('takes names for one that differ in their Unicode form alone', () => {
    const scan = scanOf(['caf\u00e9'], [file(0)]);
    const { only, files } = comparableImages(scan, [['bar', 'cafe\u0301'], ['caf\u00e9', 'bar']], names); // prettier-ignore
    expect(only).toEqual([[], []]);
    expect(files.map(({ label }) => label)).toEqual([1]);
  });

  it.each([
    ['models', ['ape'], ['bee'], ['ape'], 'A/1 and B/2 have no class in common. Compare models that were trained for the same classes.'], // prettier-ignore
    ['a test set', ['ape', 'elk'], ['ape'], ['ape', 'elk', 'fox'], 'photos/test has classes that neither A/1 nor B/2 has: "fox". Both have: "ape".'], // prettier-ignore
    ['images', ['ape', 'elk'], ['ape'], ['elk'], 'photos/test has no image of a class that both models have: "ape".'],
  ])('refuses %s that do not fit', (_, first, second, classes, message) => {
    const scan = scanOf(classes, [file(0)]);
    expect(() => comparableImages(scan, [first, second], names)).toThrow(message);
  });
});
