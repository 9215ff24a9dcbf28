import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { ClassificationMetrics } from '../../../src/evaluation/classification-metrics.js';
import { confusionMatrix } from '../../../src/evaluation/report/confusion-matrix.js';
import { rasterize } from '../../../src/evaluation/report/rasterize.js';
import { hostileNames } from './hostile-names.js';
import { madeUpEvaluation } from './made-up-evaluation.js';

const numbered = (classes: number) => Array.from({ length: classes }, (_, i) => `class ${i}`);

/** Numbers in the cells, row by row. */
function countsIn(picture: unknown): number[] {
  return Array.from(String(picture).matchAll(/class="count[^>]*>(\d+)</g), ([, count]) => Number(count));
}

describe('confusionMatrix', () => {
  it.each([2, 10, 37])('has the counts of all %d classes', (classes) => {
    const result = madeUpEvaluation(numbered(classes));
    const { picture, classes: drawn } = confusionMatrix(result);
    expect(drawn).toHaveLength(classes);
    expect(countsIn(picture)).toEqual(result.confusionMatrix.flat().filter((count) => count > 0));
  });

  it('has the colours of 100 classes, without numbers', () => {
    const result = madeUpEvaluation(numbered(100));
    const text = String(confusionMatrix(result).picture);
    const [right, mistaken] = ['right', 'mistaken'].map((kind) => text.split(`class="${kind}"`).length - 1);
    const cells = result.confusionMatrix.flatMap((row, i) => row.map((count, j) => ({ count, onDiagonal: i === j })));
    expect(countsIn(text)).toEqual([]);
    expect(right).toBe(cells.filter(({ count, onDiagonal }) => count > 0 && onDiagonal).length);
    expect(mistaken).toBe(cells.filter(({ count, onDiagonal }) => count > 0 && !onDiagonal).length);
  });

  it('has of more classes those that are confused most', () => {
    const metrics = new ClassificationMetrics(numbered(300));
    const logitsFor = (label: number) => Float32Array.from({ length: 300 }, (_, i) => (i === label ? 9 : 0));
    for (let label = 0; label < 300; label += 1) metrics.add(logitsFor(label), [label]);
    for (const [truth, predicted] of [
      [250, 17],
      [250, 17],
      [299, 120],
    ] as const) {
      metrics.add(logitsFor(predicted), [truth]);
    }
    const { picture, classes } = confusionMatrix(metrics.result());
    expect(classes).toHaveLength(40);
    expect(classes).toEqual(expect.arrayContaining([17, 120, 250, 299]));
    expect(classes).toEqual(classes.toSorted((a, b) => a - b));
    expect(String(picture)).toContain('Confusion matrix of the 40 most confused of 300 classes');
    expect(
      countsIn(picture)
        .toSorted((a, b) => a - b)
        .at(-1),
    ).toBe(2);
  });

  it('writes light on dark and dark on light', () => {
    const metrics = new ClassificationMetrics(['a', 'b']);
    for (let i = 0; i < 9; i += 1) metrics.add(new Float32Array([1, 0]), [0]);
    metrics.add(new Float32Array([0, 1]), [0]);
    const text = String(confusionMatrix(metrics.result()).picture);
    expect(text).toMatch(/fill="#ffffff" class="count turned">9</);
    expect(text).toMatch(/fill="#000000" class="count">1</);
  });

  it('draws names of any kind, cut where they are long', async () => {
    const text = String(confusionMatrix(madeUpEvaluation(hostileNames)).picture);
    expect(text).toContain('>long long long long lon…<');
    expect(text).toContain('>WWWWWWWWWWWWWWWWWWWWWWW…<');
    expect(text).toContain('>قطة<');
    expect(text).not.toMatch(/<(?:script|img)|on(?:load|error)="/);
    const { width } = await sharp(await rasterize(confusionMatrix(madeUpEvaluation(hostileNames)).picture)).metadata();
    expect(width).toBeLessThan(4000);
  });

  it('draws a class without images, and an evaluation without any', async () => {
    const metrics = new ClassificationMetrics(['a', 'b', 'c']);
    await rasterize(confusionMatrix(metrics.result()).picture);
    metrics.add(new Float32Array([0, 1, 0]), [0]);
    metrics.add(new Float32Array([0, NaN, 0]), [0]);
    const { picture } = confusionMatrix(metrics.result());
    expect(countsIn(picture)).toEqual([1]);
    // One of two: the other has no predicted class.
    expect(String(picture)).toMatch(/fill-opacity="0\.5[78]"/);
  });

  it('keeps within 3200 pixels, as a PNG too', async () => {
    for (const classes of [100, 1000]) {
      const png = await rasterize(confusionMatrix(madeUpEvaluation(numbered(classes), 4)).picture);
      const { width, height, format } = await sharp(png).metadata();
      expect(format).toBe('png');
      expect(Math.max(width, height)).toBeLessThan(3200);
      expect(png.length).toBeLessThan(400_000);
    }
  });
});
